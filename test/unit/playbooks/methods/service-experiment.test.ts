import { MessageError, messageText, PlaybookError, type ExperimentContext, type Verdict } from 'labbook'
import t from 'tap'
import { ExperimentSeries } from '../../../../playbooks/methods/experiment-series.ts'
import { experimentOnServices, type ServiceExperiment } from '../../../../playbooks/methods/service-experiment.ts'
import { say } from '../../../../playbooks/messages/say.ts'
import { assertionsOf } from '../../../../src/playbook/experiment.ts'

interface Service {
  readonly name: string
  readonly replicas: number
}
interface Session {
  readonly services: readonly Service[]
  readonly unsupported: { readonly kill?: ReturnType<typeof say> }
}

class Series extends ExperimentSeries<'kill', Service, Session> {
  protected notInspected(): PlaybookError {
    return new PlaybookError('not inspected')
  }
  protected targetsIn({ services }: Session): readonly Service[] {
    return services
  }
}

const SERVICES = [
  { name: 'web', replicas: 2 },
  { name: 'Api.v1', replicas: 1 },
]
const STATEMENT = () => say('limited')

/** What happens, in order, and the findings of an experiment. */
function recorder(overrides: Partial<ServiceExperiment<'kill', Service, Session>> = {}) {
  const happened: string[] = []
  const findings: Record<string, readonly [holds: boolean | null, detail: string]> = {}
  const series = new Series(['web'], 'prove.try')
  const experiment = experimentOnServices(
    series,
    {
      name: 'Kill',
      hosts: 'all',
      tags: ['prove'],
      disturbs: false,
      requireSteadyState: async () => void happened.push('steady'),
    },
    {
      kind: 'kill',
      hypothesis: 'limited',
      claims: [
        { name: 'replaced', statement: STATEMENT },
        { name: 'available', statement: STATEMENT, applies: ({ replicas }) => replicas > 1 },
      ],
      method: async (_on, _session, { name }) => {
        happened.push(`disturb ${name}`)
        return { replaced: { holds: true, evidence: [], detail: say('limited'), facts: { of: name } } }
      },
      undo: async (_on, _session, { name }) => void happened.push(`undo ${name}`),
      ...overrides,
    },
  )
  const controller = new AbortController()
  const on = {
    signal: controller.signal,
    finding: (id: string, { holds, detail }: Verdict) => {
      findings[id] = [holds, messageText(detail ?? '')]
    },
  } as unknown as ExperimentContext
  return { series, experiment, on, happened, findings, controller }
}

t.test('before the inspection there is nothing to claim or to disturb', async (t) => {
  const { series, experiment, on, happened, findings } = recorder()
  t.same(assertionsOf(experiment), {})
  await experiment.steadyState?.(on)
  await experiment.method(on)
  await experiment.rollback?.(on)
  t.same([happened, findings], [[], {}])
  t.throws(() => series.inspected, { message: 'not inspected' })
  series.begin({ services: SERVICES, unsupported: { kill: say('no limit') } })
  t.same(assertionsOf(experiment), {}, 'the machines do not support it')
})

t.test('one service after the other is disturbed, undone, and steady again', async (t) => {
  const { series, experiment, on, happened, findings } = recorder()
  series.begin({ services: SERVICES, unsupported: {} })
  t.same(Object.keys(assertionsOf(experiment)), [
    'prove.try.kill.replaced.web',
    'prove.try.kill.available.web',
    'prove.try.kill.replaced.api-v1',
  ])
  await experiment.steadyState?.(on)
  await experiment.method(on)
  t.same(happened, ['steady', 'disturb web', 'undo web', 'steady', 'disturb Api.v1', 'undo Api.v1', 'steady'])
  t.same(findings, {
    'prove.try.kill.replaced.web': [true, 'limited'],
    'prove.try.kill.available.web': [null, 'not measured'],
    'prove.try.kill.replaced.api-v1': [true, 'limited'],
  })
  t.same(
    series.outcomes.map(({ kind, claim, service, holds, facts }) => [kind, claim, service, holds, facts]),
    [
      ['kill', 'replaced', 'web', true, { of: 'web' }],
      ['kill', 'available', 'web', null, {}],
      ['kill', 'replaced', 'Api.v1', true, { of: 'Api.v1' }],
    ],
    'for the suggestions',
  )
  happened.length = 0
  await experiment.rollback?.(on)
  t.same(happened, ['undo web', 'undo Api.v1'])
})

t.test('a service that cannot be tried is inconclusive, and the next one is tried', async (t) => {
  const failing = async (_on: unknown, _session: unknown, { name }: Service) => {
    throw name === 'web' ? new MessageError(say('no limit')) : new Error('connection lost')
  }
  const { series, experiment, on, happened, findings, controller } = recorder({ method: failing })
  series.begin({ services: SERVICES, unsupported: {} })
  await experiment.method(on)
  t.same(findings, {
    'prove.try.kill.replaced.web': [null, 'no limit'],
    'prove.try.kill.available.web': [null, 'no limit'],
    'prove.try.kill.replaced.api-v1': [null, 'connection lost'],
  })
  t.same(happened, ['undo web', 'steady', 'undo Api.v1', 'steady'])
  controller.abort()
  await t.rejects(experiment.method(on) as Promise<void>, /no limit/, 'a run that is interrupted ends')
})
