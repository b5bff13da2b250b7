import { type ExperimentContext, messageText, type Exhibit } from 'labbook'
import t from 'tap'
import { dependencyExperiment } from '../../../../playbooks/methods/dependency-experiment.ts'
import type { Verdicts } from '../../../../playbooks/methods/experiment-series.ts'
import type { ObservationResult } from '../../../../playbooks/methods/observe.ts'
import type { Orchestrator } from '../../../../playbooks/methods/orchestrator.ts'
import { scaleExperiment } from '../../../../playbooks/methods/scale-experiment.ts'
import type { RequestResult } from '../../../../playbooks/methods/steady-probe.ts'
import { say, verbatim } from '../../../../playbooks/messages/say.ts'

const WEB = { name: 'web', replicas: 2, dependencies: [] as readonly string[] }
const SESSION = { model: { services: [WEB, { ...WEB, name: 'api', dependencies: ['web'] }] } }
type Service = typeof WEB
type Session = typeof SESSION

interface Faults {
  /** Numbers of replicas that are not reached. */
  readonly missing?: readonly number[]
  readonly failedRequests?: boolean
  readonly problem?: string
  readonly exitCode?: number
}

/** An orchestrator that records the commands, and the titles of the timeline's events. */
function fake({ missing = [], failedRequests = false, problem, exitCode = 0 }: Faults = {}) {
  const happened: string[] = []
  const exhibit = (title: string): Exhibit => ({ id: title, title, exitCode }) as unknown as Exhibit
  const request = { at: 0, ms: 1, endpoint: 'node1', probe: '80/', method: 'GET', error: failedRequests ? 'x' : '' }
  const orchestrator: Orchestrator<Service, Session> = {
    observe: async (_on, _session, title, body) =>
      ({
        value: await body({ mark: (label) => void happened.push(messageText(label)), now: () => 0 }),
        exhibit: exhibit(messageText(title)),
        requests: [request as RequestResult],
      }) as unknown as ObservationResult<never>,
    judge: async (_on, observed, verdict) => ({
      ...verdict,
      evidence: [...(verdict.evidence ?? []), observed.exhibit],
    }),
    scaler: (_on, _session, { name }) => ({
      service: name,
      command: (replicas) => ({ host: 'manager', command: `${name}=${replicas}` }),
      watch: async (replicas) => ({
        reached: !missing.includes(replicas),
        exhibit: exhibit(`until ${replicas}`),
        error: missing.includes(replicas) ? 'no suitable node' : '',
      }),
    }),
    awaitSteadyState: async () => (problem === undefined ? undefined : verbatim(problem)),
  }
  const run = ({ host, command }: { host?: string; command: string }): void => void happened.push(`${host}: ${command}`)
  const on = {
    timeoutMultiplier: 1,
    exec: async (command: { command: string }) => run(command),
    exhibit: async (command: { title: unknown; command: string }) => {
      run(command)
      // Only the removal fails.
      return {
        ...exhibit(messageText(command.title as never)),
        exitCode: command.command.endsWith('=0') ? exitCode : 0,
      }
    },
    pause: async (seconds: number, what: string) => void happened.push(`${seconds} s: ${what}`),
  } as unknown as ExperimentContext
  return { orchestrator, on, happened }
}

/** `holds`, detail and evidence of each claim. */
const shown = (verdicts: Verdicts) =>
  Object.fromEntries(
    Object.entries(verdicts).map(([claim, { holds, detail, evidence }]) => [
      claim,
      [holds, messageText(detail ?? ''), evidence.map(({ title }) => messageText(title))],
    ]),
  )

const scaling = (faults?: Faults) => {
  const { orchestrator, ...rest } = fake(faults)
  const experiment = scaleExperiment(orchestrator, {
    hypothesis:
      'Swarm starts and stops tasks until the desired number runs. A stopping task finishes its requests first.',
    canGrow: ({ replicas }) => replicas < 3,
    answersRequests: ({ name }) => name === 'web',
  })
  return { ...rest, experiment, method: async () => shown(await experiment.method(rest.on, SESSION, WEB)) }
}

t.test('a service is scaled up by one and back', async (t) => {
  const { method, happened, experiment, on } = scaling()
  const up = ['Scale web to 3', 'until 3']
  const timeline = 'Timeline: web with 3 and 2 replicas'
  t.same(await method(), {
    up: [true, '3 instead of 2 replicas ran after 0.0 s', [...up, timeline]],
    requests: [true, '0 of 1 requests failed', [...up, 'Scale web to 2', 'until 2', timeline]],
  })
  t.same(happened, [
    ...['manager: web=3', 'scale web to 3', '3 run', 'manager: web=2', 'scale web to 2', '2 run'],
    '1 s: the last responses',
  ])
  happened.length = 0
  await experiment.undo?.(on, SESSION, WEB)
  t.same(happened, ['manager: web=2'])
})

t.test('requests prove something only if the service was scaled', async (t) => {
  const up = await scaling({ missing: [3] }).method()
  t.match(up, { up: [false, '3 replicas did not run within 0.0 s: no suitable node'], requests: [null] })
  t.match(await scaling({ missing: [2] }).method(), { up: [true], requests: [null] })
  t.match(await scaling({ missing: [2], failedRequests: true }).method(), { requests: [false] })
})

t.test('claims about requests need requests, and a service that can grow', async (t) => {
  const { claims } = scaling().experiment
  const applicable = (service: Partial<Service>): string[] =>
    claims.filter(({ applies }) => applies?.({ ...WEB, ...service }, SESSION)).map(({ name }) => name)
  t.same(applicable({}), ['up', 'requests'])
  t.same(applicable({ name: 'db' }), ['up'])
  t.same(applicable({ replicas: 3 }), [])
})

const removal = async (faults?: Faults) => {
  const { orchestrator, on, happened } = fake(faults)
  const experiment = dependencyExperiment(orchestrator, {
    hypothesis: 'Services that use it fail requests meanwhile, and work again once it is back, without help.',
    recovers: (name) => say('The stack recovers by itself after {name} was away', { name }),
  })
  return { verdicts: shown(await experiment.method(on, SESSION, WEB)), happened, experiment, on }
}

t.test('a dependency is away for a while, and what uses it recovers', async (t) => {
  const { verdicts, happened, experiment, on } = await removal()
  t.same(verdicts, {
    recovers: [
      true,
      'recovered 0.0 s after it was back; used by api; 0 of 1 requests failed',
      ['Scale web to 0', 'Scale web back', 'Timeline: web is away'],
    ],
  })
  t.same(happened, [
    ...['manager: web=0', 'web scaled to 0', '8 s: the users of web'],
    ...['manager: web=2', 'web scaled to 2', 'recovered'],
  ])
  t.equal(messageText(experiment.claims[0]?.statement(WEB) as never), 'The stack recovers by itself after web was away')
  happened.length = 0
  await experiment.undo?.(on, SESSION, WEB)
  t.same(happened, ['manager: web=2'])
})

t.test('what does not recover, and what was not away', async (t) => {
  const { verdicts, happened } = await removal({ problem: 'api: 0 of 1 pods are ready' })
  t.match(verdicts, { recovers: [false, /^api: 0 of 1 pods are ready; used by api; /] })
  t.equal(happened.at(-1), 'not recovered')
  t.match((await removal({ exitCode: 1 })).verdicts, { recovers: [null] })
})
