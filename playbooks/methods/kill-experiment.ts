import type { Exhibit } from 'labbook'
import { inSeconds, type LabContext, type LabText, type MessageKey, say } from '../messages/say.ts'
import type { Orchestrator, ScaledService } from './orchestrator.ts'
import type { ServiceExperiment } from './service-experiment.ts'
import { type EntryTarget, hasCounter, hasEntryPoints } from './traffic.ts'
import { availability, maxOutage, noLostIncrement, onlyIf } from './verdicts.ts'

/** A container or pod that runs. */
export interface Instance {
  readonly kill: Parameters<LabContext['exhibit']>[0]
  /** The event in the timeline. */
  readonly killed: LabText
  readonly watchReplacement: () => Promise<{ readonly reached: boolean; readonly exhibit: Exhibit }>
}

/** A text about the service with this name. */
type TextAbout = (name: string) => LabText

interface KillOptions<Service, Session> {
  readonly hypothesis: MessageKey
  readonly replaced: TextAbout
  readonly available: TextAbout
  readonly increments: TextAbout
  readonly timeline: TextAbout
  /** An instance of a service. @throws {MessageError} if none runs. */
  readonly instance: (on: LabContext, session: Session, service: Service) => Promise<Instance>
}

interface KilledService extends ScaledService {
  readonly overrides: { readonly maxOutage?: number }
}

/** Kills an instance of a service without a grace period, and waits for its replacement. */
export const killExperiment = <
  Service extends KilledService,
  Session extends { readonly targets: readonly EntryTarget[] },
>(
  { observe, judge }: Pick<Orchestrator<Service, Session>, 'observe' | 'judge'>,
  { hypothesis, replaced: replacedText, available, increments, timeline, instance }: KillOptions<Service, Session>,
): ServiceExperiment<'kill', Service, Session> => ({
  kind: 'kill',
  hypothesis,
  claims: [
    { name: 'replaced', statement: ({ name }) => replacedText(name) },
    { name: 'available', statement: ({ name }) => available(name), applies: hasEntryPoints },
    { name: 'increments', statement: ({ name }) => increments(name), applies: hasCounter },
  ],
  async method(on, session, service) {
    const observed = await observe(on, session, timeline(service.name), async ({ mark, now }) => {
      const { kill, killed: event, watchReplacement } = await instance(on, session, service)
      const began = now()
      const killed = await on.exhibit(kill)
      mark(event)
      const replaced = await watchReplacement()
      mark(replaced.reached ? 'replaced' : 'not replaced')
      const after = now() - began
      // Requests that were sent before the replacement.
      await on.pause(1, 'the last responses')
      return { killed, replaced, after, began }
    })
    const { killed, replaced, after, began } = observed.value
    const isKilled = killed.exitCode === 0
    const limit = maxOutage(on, service.overrides.maxOutage)
    return {
      replaced: {
        holds: isKilled ? replaced.reached : null,
        evidence: [killed, replaced.exhibit, observed.exhibit],
        detail: say(replaced.reached ? 'replaced after {time}' : 'not replaced after {time}', {
          time: inSeconds(after),
        }),
        measured: replaced.reached ? { 'time to replacement': [after, 's'] } : {},
      },
      available: onlyIf(isKilled, await judge(on, observed, availability(observed, limit, { from: began }))),
      increments: onlyIf(isKilled, { ...noLostIncrement(observed), evidence: [observed.exhibit] }),
    }
  },
})
