import t from 'tap'
import { bottleneckOf as bottleneck, type CpuUsage } from '../../../../playbooks/load/bottleneck.ts'
import { inEnglish, reason } from '../../../support/in-english.ts'

/** With its texts in English. */
const bottleneckOf = (...used: Parameters<typeof bottleneck>): unknown => inEnglish(bottleneck(...used))

const container = (name: string, service: string, cores: number, throttled = 0): CpuUsage => ({
  kind: 'container',
  name,
  service,
  cores,
  limit: 0.5,
  throttled,
})

const machine = (cores: number): CpuUsage => ({ kind: 'machine', name: 'controller, node1', cores, limit: 2 })

t.test('bottleneckOf() names the bottleneck, or why it is unknown', async (t) => {
  t.match(
    bottleneckOf([container('web.1', 'web', 0.48, 0.7), container('gate.1', 'gate', 0.2), machine(1.2)], undefined),
    { what: 'the CPU limit of web', why: '1 container used 0.48 of 0.50 cores, throttled in 70 % of the periods' },
  )
  t.match(
    bottleneckOf([container('web.1', 'web', 0.48, 0.7), container('web.2', 'web', 0.1), machine(1.95)], undefined),
    { what: 'the CPU of the machine of controller, node1' },
    'a service with a replica below its limit is no bottleneck',
  )
  t.match(bottleneckOf([container('web.1', 'web', 0.49), machine(1.95)], undefined), {
    what: undefined,
    why: /^inconclusive: several are saturated: .*web.*; .*machine/,
  })
  t.match(bottleneckOf([container('web.1', 'web', 0.2), machine(0.5)], undefined), {
    what: undefined,
    why: /no CPU is saturated.*highest is web\.1 at 40 %/,
  })
  t.match(bottleneckOf([], undefined), { what: undefined, why: /no CPU usage sampled/ })
  t.match(bottleneckOf([container('web.1', 'web', 0.49)], reason('the generator used 97 % of its one core')), {
    refused: true,
    what: undefined,
    why: /^inconclusive: the generator/,
  })
})
