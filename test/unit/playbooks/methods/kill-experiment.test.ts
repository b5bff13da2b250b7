import { type ExperimentContext, messageText, type Exhibit } from 'labbook'
import t from 'tap'
import { killExperiment } from '../../../../playbooks/methods/kill-experiment.ts'
import type { ObservationResult } from '../../../../playbooks/methods/observe.ts'
import type { RequestResult } from '../../../../playbooks/methods/steady-probe.ts'
import type { EntryTarget } from '../../../../playbooks/methods/traffic.ts'
import { say } from '../../../../playbooks/messages/say.ts'

const WEB = { name: 'web', replicas: 1, overrides: { maxOutage: 5 } }
type Session = { readonly targets: readonly EntryTarget[] }
const SESSION: Session = { targets: [] }

interface Course {
  readonly isReplaced?: boolean
  readonly exitCode?: number
  /** Seconds of failed requests. */
  readonly outage?: number
}

/** What is done, and the verdicts. */
async function killed({ isReplaced = true, exitCode = 0, outage = 0 }: Course = {}) {
  const happened: string[] = []
  const exhibit = (title: string, code = 0): Exhibit => ({ id: title, title, exitCode: code }) as unknown as Exhibit
  const request = (at: number, error = ''): RequestResult =>
    ({ at, ms: 1, endpoint: 'node1', probe: '80/', method: 'GET', error }) as unknown as RequestResult
  const experiment = killExperiment<typeof WEB, Session>(
    {
      observe: async (_on, _session, title, body) =>
        ({
          value: await body({ mark: (label) => void happened.push(messageText(label)), now: () => 1 }),
          exhibit: exhibit(messageText(title)),
          // One that failed before the container was killed does not count.
          requests: [request(0, 'x'), request(2000, outage === 0 ? '' : 'x'), request(2000 + outage * 1000)],
          increments: { lost: 0, acknowledged: 0, added: 0, indeterminate: 0 },
          counts: { before: 0, after: 0 },
        }) as unknown as ObservationResult<never>,
      judge: async (_on, observed, verdict) => ({ ...verdict, evidence: [observed.exhibit] }),
    },
    {
      hypothesis: 'Swarm starts another task for a container that ends. Until then, other replicas answer.',
      replaced: (name) => say('Swarm replaces a killed container of {name}', { name }),
      available: (name) => say('Entry points answer while a container of {name} is killed and replaced', { name }),
      increments: (name) =>
        say('Replacement of a killed container of {name} loses no acknowledged increment', { name }),
      timeline: (service) => say('Timeline: a container of {service} is killed', { service }),
      instance: async () => ({
        kill: { title: say('Kill a container of {service}', { service: 'web' }), command: 'docker kill c1' },
        killed: say('{pod} killed', { pod: 'c1' }),
        watchReplacement: async () => ({ reached: isReplaced, exhibit: exhibit('tasks') }),
      }),
    },
  )
  const on = {
    timeoutMultiplier: 1,
    exhibit: async ({ title, command }: { title: unknown; command: string }) => {
      happened.push(command)
      return exhibit(messageText(title as never), exitCode)
    },
    pause: async (seconds: number) => void happened.push(`${seconds} s`),
  } as unknown as ExperimentContext
  const verdicts = await experiment.method(on, SESSION, WEB)
  const holds = Object.fromEntries(Object.entries(verdicts).map(([claim, verdict]) => [claim, verdict.holds]))
  return { experiment, happened, holds, replaced: verdicts.replaced, available: verdicts.available }
}

t.test('an instance is killed and replaced under requests', async (t) => {
  const { happened, holds, replaced, available } = await killed()
  t.same(happened, ['docker kill c1', 'c1 killed', 'replaced', '1 s'])
  t.same(holds, { replaced: true, available: true, increments: true })
  t.equal(messageText(replaced?.detail ?? ''), 'replaced after 0.0 s')
  t.same(
    replaced?.evidence.map(({ title }) => title),
    ['Kill a container of web', 'tasks', 'Timeline: a container of web is killed'],
  )
  t.match(messageText(available?.detail ?? ''), /^0 of 2 requests failed \(tolerated: 5 s\)/)
})

t.test('an outage longer than tolerated, and an instance that is not replaced', async (t) => {
  t.match((await killed({ outage: 4 })).holds, { available: true })
  t.match((await killed({ outage: 6 })).holds, { available: false })
  const { holds, happened, replaced } = await killed({ isReplaced: false })
  t.match(holds, { replaced: false, available: true })
  t.equal(happened[2], 'not replaced')
  t.equal(messageText(replaced?.detail ?? ''), 'not replaced after 0.0 s')
  t.same(replaced?.measured, {})
})

t.test('what was not killed proves nothing', async (t) => {
  t.same((await killed({ exitCode: 1 })).holds, { replaced: null, available: null, increments: null })
  t.match((await killed({ exitCode: 1, outage: 6 })).holds, { available: false })
})

t.test('claims about requests need an entry point, and those about increments a counter', async (t) => {
  const { experiment } = await killed()
  const entryPoint = { service: 'web', port: 80, mode: 'ingress', reason: say('guess') }
  const address = { host: '127.0.0.1', port: 80 }
  const applicable = (probes?: EntryTarget['entryPoint']['probes']): string[] => {
    const targets = probes === undefined ? [] : [{ entryPoint: { ...entryPoint, probes }, node: 'node1', address }]
    return experiment.claims.filter(({ applies }) => applies?.(WEB, { targets }) ?? true).map(({ name }) => name)
  }
  t.same(applicable(), ['replaced'])
  t.same(applicable([{ kind: 'tcp' }]), ['replaced', 'available'])
  const counter = { post: '/count', count: 'count' }
  t.same(applicable([{ kind: 'http', path: '/', counter }]), ['replaced', 'available', 'increments'])
})
