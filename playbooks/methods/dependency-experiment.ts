import { durationMultiplierOf } from 'labbook'
import { inSeconds, joinTexts, type LabText, type MessageKey, say } from '../messages/say.ts'
import type { Orchestrator, ScaledService } from './orchestrator.ts'
import type { ServiceExperiment } from './service-experiment.ts'
import { describeStats, statsByProbe } from './verdicts.ts'

/** Seconds for which the dependency is away. */
const AWAY_SECONDS = 8

interface DependencyOptions {
  readonly hypothesis: Extract<MessageKey, `${string} use it fail requests meanwhile, ${string}`>
  /** The claim about the dependency with this name. */
  readonly recovers: (name: string) => LabText
}

interface UsingService extends ScaledService {
  readonly dependencies: readonly string[]
}

/** Scales a service that others use to 0 for a while. */
export const dependencyExperiment = <
  Service extends UsingService,
  Session extends { readonly model: { readonly services: readonly UsingService[] } },
>(
  { observe, scaler, awaitSteadyState }: Orchestrator<Service, Session>,
  { hypothesis, recovers }: DependencyOptions,
): ServiceExperiment<'dependency', Service, Session> => ({
  kind: 'dependency',
  hypothesis,
  claims: [{ name: 'recovers', statement: ({ name }) => recovers(name) }],
  async method(on, session, service) {
    const { name, replicas } = service
    const { command } = scaler(on, session, service)
    const users = session.model.services.filter(({ dependencies }) => dependencies.includes(name))
    const observed = await observe(
      on,
      session,
      say('Timeline: {service} is away', { service: name }),
      async ({ mark, now }) => {
        const removed = await on.exhibit({ title: say('Scale {service} to 0', { service: name }), ...command(0) })
        mark(say('{service} scaled to 0', { service: name }))
        await on.pause(AWAY_SECONDS * durationMultiplierOf(on.timeoutMultiplier), `the users of ${name}`)
        const began = now()
        const returned = await on.exhibit({
          title: say('Scale {service} back', { service: name }),
          ...command(replicas),
        })
        mark(say('{service} scaled to {replicas}', { service: name, replicas }))
        const problem = await awaitSteadyState(on, session)
        mark(problem === undefined ? 'recovered' : 'not recovered')
        return { removed, returned, problem, took: now() - began }
      },
    )
    const { removed, returned, problem, took } = observed.value
    return {
      recovers: {
        holds: removed.exitCode === 0 && returned.exitCode === 0 ? problem === undefined : null,
        evidence: [removed, returned, observed.exhibit],
        detail: say('{outcome}; used by {services}; {requests}', {
          outcome: problem ?? say('recovered {time} after it was back', { time: inSeconds(took) }),
          services: joinTexts(users.map((user) => user.name)),
          requests: describeStats(statsByProbe(observed)),
        }),
        measured: problem === undefined ? { 'time to recover': [took, 's'] } : {},
      },
    }
  },
  undo: async (on, session, service) => {
    await on.exec(scaler(on, session, service).command(service.replicas))
  },
})
