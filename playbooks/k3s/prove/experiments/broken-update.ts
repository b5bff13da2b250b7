import { inSeconds, say } from '../../../messages/say.ts'
import { onlyIf } from '../../../methods/verdicts.ts'
import { KUBERNETES_CLUSTER } from '../kubernetes.ts'
import { observeWorkloads } from '../observe.ts'
import { awaitSteadyState, commandsFor } from '../session.ts'
import { podsOf } from '../state.ts'
import { watchState } from './pods.ts'
import { BROKEN_IMAGE, kubectlName, undoUpdate, UNPULLED, UPDATES } from './update.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** For an update that stops old pods, to have stopped them. */
const HOLD_SECONDS = 15
const PULL_SECONDS = 90

/** Updates a workload to an image that cannot be pulled. */
export const brokenUpdate: WorkloadExperiment = {
  kind: 'broken-update',
  hypothesis:
    'The first new pod never becomes ready, so the update stops, and the old pods answer. Kubernetes does not roll back by itself; "rollout undo" does.',
  claims: [
    UPDATES.broken,
    {
      name: 'undo',
      statement: ({ name }) => say('A rollback of {name} restores the version that works', { name }),
    },
  ],
  async method(on, session, workload) {
    const { at, k } = commandsFor(on, session.model)
    const [container] = workload.containers
    const observed = await observeWorkloads(
      on,
      session,
      say('Timeline: {service} is updated to a broken version', { service: workload.name }),
      async ({ mark, now }) => {
        const started = await on.exhibit({
          ...at,
          title: say('Broken update of {service}', { service: workload.name }),
          command: k(`set image ${kubectlName(workload)} ${container?.name ?? '*'}=${BROKEN_IMAGE}`),
        })
        mark('broken update')
        const failed = await watchState(
          on,
          session,
          say('Pods of {workload} during broken update', { workload: workload.name }),
          `a pod of ${workload.name} whose image cannot be pulled`,
          PULL_SECONDS,
          (state) => podsOf(state, workload).some(({ state: reason }) => UNPULLED.test(reason)),
        )
        await on.pause(HOLD_SECONDS, 'the update to stop')
        const began = now()
        const undone = await on.exhibit({
          ...at,
          title: say('Rollback of {service}', { service: workload.name }),
          command: k(`rollout undo ${kubectlName(workload)}`),
        })
        mark('rollback')
        const problem = await awaitSteadyState(on, session)
        mark('rollback over')
        return { started, failed, undone, problem, took: now() - began }
      },
    )
    const { started, failed, undone, problem, took } = observed.value
    const isBroken = started.exitCode === 0 && failed.reached
    const requests = UPDATES.judgeRequests(on, workload, observed)
    return {
      requests: onlyIf(
        isBroken,
        await KUBERNETES_CLUSTER.judge(on, observed, { ...requests, evidence: [started, failed.exhibit] }),
      ),
      undo: {
        holds: isBroken ? undone.exitCode === 0 && problem === undefined : null,
        evidence: [undone, observed.exhibit],
        detail: problem ?? say('took {time}', { time: inSeconds(took) }),
        measured: problem === undefined ? { 'time to roll back': [took, 's'] } : {},
      },
    }
  },
  undo: undoUpdate,
}
