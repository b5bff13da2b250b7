import { type LabContext, type LabText, type MessageKey, say } from '../messages/say.ts'
import type { ObservationResult } from './observe.ts'
import type { Claim } from './service-experiment.ts'
import { type EntryTarget, hasCounter, hasEntryPoints } from './traffic.ts'
import { availability, maxOutage, noFailedRequest, type RequestVerdict, type TimeWindow } from './verdicts.ts'

interface UpdatedService {
  readonly name: string
  readonly overrides: { readonly maxOutage?: number }
}

/** The claims of updates, and the verdict on their requests. */
interface UpdateClaims<Service, Session> {
  /** About a rolling update and its rollback. */
  readonly update: readonly Claim<Service, Session>[]
  /** About the requests during an update to a broken version. */
  readonly broken: Claim<Service, Session>
  /** Judges requests during a replacement of tasks or pods. */
  readonly judgeRequests: (
    on: LabContext,
    service: Service,
    observed: ObservationResult<unknown>,
    window?: TimeWindow,
  ) => RequestVerdict
}

type Available = Extract<MessageKey, `${string} of {name}${string} keeps the entry points available`>
type FailsNone = Extract<MessageKey, `${string} of {name}${string} fails no request`>

/**
 * The claims of updates of a service, on any orchestrator.
 *
 * @param isReplacedInPlace - whether a task or pod of a service stops before its successor starts. Then short outages
 *   count, not requests.
 */
export function updateClaims<
  Service extends UpdatedService,
  Session extends { readonly targets: readonly EntryTarget[] },
>(isReplacedInPlace: (service: Service) => boolean): UpdateClaims<Service, Session> {
  const requestsOf =
    (available: Available, failsNone: FailsNone) =>
    (service: Service): LabText =>
      say(isReplacedInPlace(service) ? available : failsNone, { name: service.name })
  return {
    update: [
      { name: 'completes', statement: ({ name }) => say('Rolling update of {name} completes', { name }) },
      {
        name: 'requests',
        statement: requestsOf(
          'Rolling update of {name} keeps the entry points available',
          'Rolling update of {name} fails no request',
        ),
        applies: hasEntryPoints,
      },
      {
        name: 'rollback',
        statement: requestsOf(
          'Rollback of {name} keeps the entry points available',
          'Rollback of {name} fails no request',
        ),
        applies: hasEntryPoints,
      },
      {
        name: 'increments',
        statement: ({ name }) => say('Update and rollback of {name} loses no acknowledged increment', { name }),
        applies: hasCounter,
      },
    ],
    broken: {
      name: 'requests',
      statement: requestsOf(
        'Update of {name} to a broken version keeps the entry points available',
        'Update of {name} to a broken version fails no request',
      ),
      applies: hasEntryPoints,
    },
    judgeRequests: (on, service, observed, window) =>
      isReplacedInPlace(service)
        ? availability(observed, maxOutage(on, service.overrides.maxOutage), window)
        : noFailedRequest(observed, window),
  }
}
