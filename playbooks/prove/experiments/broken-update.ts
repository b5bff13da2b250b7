import { quote } from 'labbook'
import { say } from '../../messages/say.ts'
import { observeStack } from '../observe.ts'
import { containerIn, namedService } from '../../methods/tasks.ts'
import { hasHealthcheck, healthCandidate } from './health-candidate.ts'
import type { StackExperiment } from './service-experiment.ts'
import { BROKEN, UPDATES } from './update.ts'
import { breakService, endOf, isRolledBack, undoUpdate } from '../../methods/updates.ts'
import { unlessTooSlow } from '../../methods/verdicts.ts'

/** Runs for two seconds, like a program that fails when it first reads its configuration. */
const ENTRYPOINT = `sh -c ": ${BROKEN}; sleep 2; exit 1"`

/** Updates a service to a version that ends at once. */
export const brokenUpdate: StackExperiment = {
  kind: 'broken-update',
  hypothesis:
    'The first new task fails within the monitor period; Swarm rolls the update back, and the old tasks answer.',
  claims: [
    {
      name: 'rolls-back',
      statement: ({ name }) => say('Swarm rolls back an update of {name} to a broken version', { name }),
    },
    UPDATES.broken,
  ],
  async method(on, session, service) {
    const named = namedService(session, service.name)
    const container = await containerIn(on, named.fullName)
    const health = (await hasHealthcheck(on, container))
      ? {}
      : { healthcheck: 'none', ...(await healthCandidate(on, service, container)) }
    const observed = await observeStack(
      on,
      session,
      say('Timeline: {service} is updated to a broken version', { service: service.name }),
      async (watching) => {
        const rolled = await breakService(on, named, `--entrypoint ${quote(ENTRYPOINT)}`, watching)
        await on.pause(2, 'the last responses')
        return rolled
      },
    )
    const { took, exhibits } = observed.value
    const rolledBack = isRolledBack(observed.value)
    return {
      'rolls-back': {
        holds: rolledBack,
        evidence: [...exhibits, observed.exhibit],
        detail: endOf(observed.value),
        measured: rolledBack ? { 'time to roll back': [took, 's'] } : {},
      },
      requests: {
        ...(await unlessTooSlow(on, observed, UPDATES.judgeRequests(on, service, observed))),
        facts: health,
      },
    }
  },
  undo: async (on, session, service) => {
    await undoUpdate(on, namedService(session, service.name), BROKEN)
  },
}
