import { inSeconds, say } from '../../../messages/say.ts'
import { availability, maxOutage, noLostIncrement, onlyIf } from '../../../methods/verdicts.ts'
import { observeWorkloads } from '../observe.ts'
import { commandsFor } from '../session.ts'
import { readyPod, watchReplacement } from './pods.ts'
import { hasCounter, hasEntryPoints } from '../../../methods/traffic.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** Kills a pod without a grace period. */
export const kill: WorkloadExperiment = {
  kind: 'kill',
  hypothesis: 'Kubernetes creates another pod for one that ends. Until it is ready, other pods answer.',
  claims: [
    { name: 'replaced', statement: ({ name }) => say('Kubernetes replaces a killed pod of {name}', { name }) },
    {
      name: 'available',
      statement: ({ name }) => say('Entry points answer while a pod of {name} is killed and replaced', { name }),
      applies: hasEntryPoints,
    },
    {
      name: 'increments',
      statement: ({ name }) => say('Replacement of a killed pod of {name} loses no acknowledged increment', { name }),
      applies: hasCounter,
    },
  ],
  async method(on, session, workload) {
    const { at, k } = commandsFor(on, session.model)
    const observed = await observeWorkloads(
      on,
      session,
      say('Timeline: a pod of {workload} is killed', { workload: workload.name }),
      async ({ mark, now }) => {
        const { pod, ready } = await readyPod(on, session, workload)
        const began = now()
        const killed = await on.exhibit({
          ...at,
          title: say('Kill a pod of {workload}', { workload: workload.name }),
          command: k(`delete pod ${pod.name} --grace-period=0 --force --wait=false`),
        })
        mark(say('{pod} killed', { pod: pod.name }))
        const replaced = await watchReplacement(on, session, workload, pod, ready)
        mark(replaced.reached ? 'replaced' : 'not replaced')
        const after = now() - began
        await on.pause(1, 'the last responses')
        return { killed, replaced, after, began }
      },
    )
    const { killed, replaced, after, began } = observed.value
    const isKilled = killed.exitCode === 0
    return {
      replaced: {
        holds: isKilled ? replaced.reached : null,
        evidence: [killed, replaced.exhibit, observed.exhibit],
        detail: say(replaced.reached ? 'replaced after {time}' : 'not replaced after {time}', {
          time: inSeconds(after),
        }),
        measured: replaced.reached ? { 'time to replacement': [after, 's'] } : {},
      },
      available: {
        ...onlyIf(isKilled, availability(observed, maxOutage(on, workload.overrides.maxOutage), { from: began })),
        evidence: [observed.exhibit],
      },
      increments: { ...onlyIf(isKilled, noLostIncrement(observed)), evidence: [observed.exhibit] },
    }
  },
}
