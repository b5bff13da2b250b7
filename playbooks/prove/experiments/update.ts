import { type LabContext, say, inSeconds, type MessageKey } from '../../messages/say.ts'
import type { Message } from 'labbook'
import type { ObservationResult } from '../../methods/observe.ts'
import { containerIn, isRunning, namedService, serviceTasks } from '../../methods/tasks.ts'
import {
  endOf,
  isCompleted,
  isRolledBack,
  rollBack,
  rollVerdict,
  undoUpdate,
  updateService,
} from '../../methods/updates.ts'
import {
  availability,
  maxOutage,
  noFailedRequest,
  noLostIncrement,
  onlyIf,
  unlessTooSlow,
  type RequestVerdict,
  type TimeWindow,
} from '../../methods/verdicts.ts'
import type { StackService } from '../model.ts'
import { observeStack } from '../observe.ts'
import { hasHealthcheck, healthCandidate } from './health-candidate.ts'
import { hasCounter, hasEntryPoints } from '../../methods/traffic.ts'
import type { StackExperiment } from './service-experiment.ts'
import { stopVerdict } from './stop.ts'

/**
 * Tasks that publish a port of their node cannot run beside their successor, and databases not on one volume: then
 * short outages count, not requests.
 */
export const isReplacedInPlace = ({ ports, role, mode }: StackService): boolean =>
  role === 'stateful' || mode === 'global' || ports.some((port) => port.mode === 'host')

type Unharmed = Extract<MessageKey, `${string} of {name} keeps the entry points available`>
type Unfailed = Extract<MessageKey, `${string} of {name} fails no request`>

const unharmed = (service: StackService, available: Unharmed, requests: Unfailed): Message =>
  say(isReplacedInPlace(service) ? available : requests, { name: service.name })

/** Judges requests during a replacement of tasks. */
export const judgeRequests = (
  on: LabContext,
  service: StackService,
  observed: ObservationResult<unknown>,
  window?: TimeWindow,
): RequestVerdict =>
  isReplacedInPlace(service)
    ? availability(observed, maxOutage(on, service.overrides.maxOutage), window)
    : noFailedRequest(observed, window)

/** Updates a service to the same image, and rolls it back. */
export const update: StackExperiment = {
  kind: 'update',
  hypothesis: 'A new task is healthy before an old one stops, and the old one finishes its requests first.',
  claims: [
    { name: 'completes', statement: ({ name }) => say('Rolling update of {name} completes', { name }) },
    {
      name: 'requests',
      statement: (service) =>
        unharmed(
          service,
          'Rolling update of {name} keeps the entry points available',
          'Rolling update of {name} fails no request',
        ),
      applies: hasEntryPoints,
    },
    {
      name: 'rollback',
      statement: (service) =>
        unharmed(service, 'Rollback of {name} keeps the entry points available', 'Rollback of {name} fails no request'),
      applies: hasEntryPoints,
    },
    {
      name: 'increments',
      statement: ({ name }) => say('Update and rollback of {name} loses no acknowledged increment', { name }),
      applies: hasCounter,
    },
    { name: 'stops', statement: ({ name }) => say('Containers of {name} stop within their grace period', { name }) },
  ],
  async method(on, session, service) {
    const named = namedService(session, service.name)
    const name = named.fullName
    const old = (await serviceTasks(on, name)).filter(isRunning)
    const container = await containerIn(on, name)
    const health = (await hasHealthcheck(on, container))
      ? {}
      : { healthcheck: 'none', ...(await healthCandidate(on, service, container)) }
    const observed = await observeStack(
      on,
      session,
      say('Timeline: {service} is updated and rolled back', { service: service.name }),
      async (watching) => {
        const updated = await updateService(on, named, watching)
        const stops = await stopVerdict(on, service, name, old)
        const between = watching.now()
        const rolledBack = await rollBack(on, named, watching)
        await on.pause(1, 'the last responses')
        return { updated, between, rolledBack, stops }
      },
    )
    const { updated, between, rolledBack, stops } = observed.value
    const completed = isCompleted(updated)
    const rollback = judgeRequests(on, service, observed, { from: between })
    return {
      completes: {
        holds: completed,
        evidence: [...updated.exhibits, observed.exhibit],
        detail: completed ? say('took {time}', { time: inSeconds(updated.took) }) : endOf(updated),
        measured: completed ? { 'time to update': [updated.took, 's'] } : {},
        facts: { error: updated.error },
      },
      requests: {
        ...onlyIf(completed, await unlessTooSlow(on, observed, judgeRequests(on, service, observed, { to: between }))),
        facts: health,
      },
      rollback: {
        ...(await rollVerdict(on, observed, rolledBack, isRolledBack(rolledBack), rollback)),
        facts: health,
      },
      stops,
      increments: { ...noLostIncrement(observed), evidence: [observed.exhibit] },
    }
  },
  undo: async (on, session, service) => {
    await undoUpdate(on, namedService(session, service.name), BROKEN)
  },
}

/** Marks the entrypoint of the broken version. */
export const BROKEN = 'labbook-broken'
