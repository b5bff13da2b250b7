import t from 'tap'
import type { CpuUsage } from '../../../../playbooks/load/bottleneck.ts'
import { costsOf, sharedMachine } from '../../../../playbooks/load/budget.ts'
import type { CpuReading } from '../../../../playbooks/load/cpu-reading.ts'
import type { TrialRun } from '../../../../playbooks/load/trial.ts'

const reading = (boot: string, busy: number, uptime: number): CpuReading => ({
  boot,
  uptime,
  cores: 2,
  machine: { busy, all: uptime * 200 },
  containers: {},
})
const second = (boot: string, busy: number): [CpuReading, CpuReading] => [
  reading(boot, 0, 100),
  reading(boot, busy, 101),
]

t.test('sharedMachine() is the one machine of nodes and generator', async (t) => {
  t.match(sharedMachine({ controller: second('a', 30), node1: second('a', 30) }), { cores: 2, busyAtRest: 0.3 })
  t.equal(sharedMachine({ controller: second('a', 30), node1: second('b', 10) }), undefined)
  t.equal(sharedMachine({}), undefined)
})

const container = (service: string, cores: number): CpuUsage => ({
  kind: 'container',
  name: `${service}.1`,
  service,
  cores,
})
const trial = (requests: number, uses: CpuUsage[]): Pick<TrialRun, 'result' | 'uses'> => ({
  uses,
  result: { total: { requests }, seconds: 2, generator: { cores: 0.1 } } as TrialRun['result'],
})

t.test('costsOf() splits the CPU of the machine among replicas, generator and the rest', async (t) => {
  const uses: CpuUsage[] = [
    container('counter_counter', 0.3),
    container('counter_counter', 0.5),
    container('counter_gateway', 0.2),
    { kind: 'node', name: 'node1', cores: 1.1 },
    { kind: 'machine', name: 'controller, node1', cores: 1.5, limit: 2 },
  ]
  const costs = costsOf(trial(400, uses), 0.2)
  t.match(
    Object.entries(costs ?? {}).map(([of, seconds]) => `${of} ${(seconds * 1000).toFixed(2)}`),
    ['replica 4.00', 'generator 0.50', 'others 2.00'],
  )
  t.equal(costsOf(trial(0, uses), 0.2), undefined, 'no response')
  t.equal(costsOf(trial(400, uses.slice(2)), 0.2), undefined, 'the replicas cannot be read')
})
