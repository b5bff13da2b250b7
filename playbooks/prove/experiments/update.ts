import { inSeconds, say } from '../../messages/say.ts'
import { containerIn, isRunning, namedService, serviceTasks } from '../../methods/tasks.ts'
import { updateClaims } from '../../methods/update-claims.ts'
import {
  endOf,
  isCompleted,
  isRolledBack,
  rollBack,
  rollVerdict,
  undoUpdate,
  updateService,
} from '../../methods/updates.ts'
import { noLostIncrement, onlyIf, unlessTooSlow } from '../../methods/verdicts.ts'
import type { StackService } from '../model.ts'
import { observeStack } from '../observe.ts'
import type { Session } from '../session.ts'
import { hasHealthcheck, healthCandidate } from './health-candidate.ts'
import type { StackExperiment } from './service-experiment.ts'
import { stopVerdict } from './stop.ts'

/**
 * Tasks that publish a port of their node cannot run beside their successor, and databases not on one volume: then
 * short outages count, not requests.
 */
const isReplacedInPlace = ({ ports, role, mode }: StackService): boolean =>
  role === 'stateful' || mode === 'global' || ports.some((port) => port.mode === 'host')

/** What updates of a service of a stack claim. */
export const UPDATES = updateClaims<StackService, Session>(isReplacedInPlace)

/** Updates a service to the same image, and rolls it back. */
export const update: StackExperiment = {
  kind: 'update',
  hypothesis: 'A new task is healthy before an old one stops, and the old one finishes its requests first.',
  claims: [
    ...UPDATES.update,
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
    const rollback = UPDATES.judgeRequests(on, service, observed, { from: between })
    return {
      completes: {
        holds: completed,
        evidence: [...updated.exhibits, observed.exhibit],
        detail: completed ? say('took {time}', { time: inSeconds(updated.took) }) : endOf(updated),
        measured: completed ? { 'time to update': [updated.took, 's'] } : {},
        facts: { error: updated.error },
      },
      requests: {
        ...onlyIf(
          completed,
          await unlessTooSlow(on, observed, UPDATES.judgeRequests(on, service, observed, { to: between })),
        ),
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
