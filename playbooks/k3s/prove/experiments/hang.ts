import { inSeconds, say } from '../../../messages/say.ts'
import { availability, describeStats, maxOutage, onlyIf, statsByProbe } from '../../../methods/verdicts.ts'
import { observeWorkloads } from '../observe.ts'
import { currentState } from '../session.ts'
import { podsOf } from '../state.ts'
import { hostOfNode, readyPod, signalPod, watchReplacement } from './pods.ts'
import { hasEntryPoints } from '../../../methods/traffic.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** Three failures of a probe with the default period, the grace period, a restart, and some room. */
const BASE_SECONDS = 90

/** Stops all processes of a pod: it runs, but does not answer. */
export const hang: WorkloadExperiment = {
  kind: 'hang',
  hypothesis:
    'The readiness probe of a pod that hangs fails, so that others answer, and the liveness probe restarts it.',
  claims: [
    {
      name: 'replaced',
      statement: ({ name }) => say('Kubernetes restarts a container of {name} that hangs', { name }),
    },
    {
      name: 'available',
      statement: ({ name }) => say('Entry points answer while a pod of {name} hangs', { name }),
      applies: (workload, session) => hasEntryPoints(workload, session) && isRestarted(workload),
    },
  ],
  async method(on, session, workload) {
    const { pod, ready } = await readyPod(on, session, workload)
    if (!isRestarted(workload))
      return {
        replaced: {
          holds: false,
          evidence: [],
          detail: say('no liveness probe: Kubernetes cannot notice that a container hangs'),
          facts: { container: workload.containers[0]?.name ?? '' },
        },
      }
    const host = hostOfNode(on, pod.node)
    if (host === undefined)
      return {
        replaced: { holds: null, evidence: [], detail: say('{node} is no host of the inventory', { node: pod.node }) },
      }
    const observed = await observeWorkloads(
      on,
      session,
      say('Timeline: a pod of {workload} hangs', { workload: workload.name }),
      async ({ mark, now }) => {
        const began = now()
        const stopped = await on.exhibit({
          title: say('Stop the processes of a pod of {workload}', { workload: workload.name }),
          host,
          become: true,
          command: signalPod(pod.uid, 'STOP'),
        })
        mark(say('{pod} on {node} hangs', { pod: pod.name, node: pod.node }))
        const replaced = await watchReplacement(on, session, workload, pod, ready, BASE_SECONDS + workload.grace)
        mark(replaced.reached ? 'restarted' : 'not restarted')
        return { stopped, replaced, after: now() - began, began }
      },
    )
    const { stopped, replaced, after, began } = observed.value
    const isStopped = stopped.exitCode === 0
    const requests = describeStats(statsByProbe(observed))
    return {
      replaced: {
        holds: isStopped ? replaced.reached : null,
        evidence: [stopped, replaced.exhibit, observed.exhibit],
        detail: replaced.reached
          ? say('restarted after {time}; {requests}', { time: inSeconds(after), requests })
          : say('not restarted after {time}; {requests}', { time: inSeconds(after), requests }),
        measured: replaced.reached ? { 'time to replacement': [after, 's'] } : {},
        facts: { container: workload.containers[0]?.name ?? '' },
      },
      available: {
        ...onlyIf(isStopped, availability(observed, maxOutage(on, workload.overrides.maxOutage), { from: began })),
        evidence: [observed.exhibit],
      },
    }
  },
  undo: async (on, session, workload) => {
    for (const { uid, node } of podsOf(await currentState(on, session), workload)) {
      const host = hostOfNode(on, node)
      if (host !== undefined) await on.exec({ host, become: true, command: `{ ${signalPod(uid, 'CONT')}; } || true` })
    }
  },
}

const isRestarted = ({ containers }: { readonly containers: readonly { readonly hasLivenessProbe: boolean }[] }) =>
  containers.some(({ hasLivenessProbe }) => hasLivenessProbe)
