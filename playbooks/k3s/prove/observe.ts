import { type LabContext, type LabText } from '../../messages/say.ts'
import { observeDuring, type ObservationResult, type TimelineRecorder } from '../../methods/observe.ts'
import { clusterNodes } from '../cluster.ts'
import { toTask } from '../objects.ts'
import { commandsFor, currentTargets, type KubernetesSession } from './session.ts'
import { podsOf, readState } from './state.ts'

/** Runs `body` while requests are sent to every entry point. */
export async function observeWorkloads<T>(
  on: LabContext,
  session: KubernetesSession,
  title: LabText,
  body: (watching: TimelineRecorder) => Promise<T>,
): Promise<ObservationResult<T>> {
  const { at, state } = commandsFor(on, session.model)
  const targets = await currentTargets(on, session)
  const nodes = clusterNodes(on)
  return await observeDuring(
    on,
    {
      title,
      cluster: {
        targets,
        nodes: nodes.length > 0 ? nodes : [...new Set(targets.map(({ node }) => node))],
        command: 'kubectl get pods',
        async placement() {
          try {
            const { stdout, exitCode } = await on.exec({ ...at, command: state, timeout: 10 })
            if (exitCode !== 0) return undefined
            const current = readState(stdout)
            return session.model.services.flatMap((workload) => podsOf(current, workload)).map(toTask)
          } catch {
            // The API server may be away because of the experiment.
            return undefined
          }
        },
      },
    },
    body,
  )
}
