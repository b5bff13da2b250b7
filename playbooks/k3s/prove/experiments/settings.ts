import { joinTexts, say } from '../../../messages/say.ts'
import { commandsFor } from '../session.ts'
import type { WorkloadExperiment } from './workload-experiment.ts'

/** Checks settings that decide what happens under a fault that is not injected. */
export const settings: WorkloadExperiment = {
  kind: 'settings',
  hypothesis:
    'No pod can take all memory of a node, none receives requests before it is ready, and no data stays behind when a pod moves.',
  claims: [
    { name: 'memory-limit', statement: ({ name }) => say('Containers of {name} have a memory limit', { name }) },
    {
      name: 'readiness',
      statement: ({ name }) => say('Pods of {name} receive requests only while a readiness probe succeeds', { name }),
      applies: ({ name, kind }, { model }) =>
        kind !== 'Job' &&
        (model.entryPoints.some(({ service }) => service === name) ||
          model.services.some(({ dependencies }) => dependencies.includes(name))),
    },
    {
      name: 'volume',
      statement: ({ name }) =>
        say('Data of {name} stays with its pods: in volume claims, or on the only node that can run it', { name }),
      applies: ({ mounts, hostPaths, kind }) =>
        kind !== 'DaemonSet' && (hostPaths.length > 0 || mounts.some(({ type }) => type === 'volume')),
    },
  ],
  async method(on, session, workload) {
    const { at, k } = commandsFor(on, session.model)
    const evidence = [
      await on.exhibit({
        ...at,
        title: say('Settings of {service}', { service: workload.name }),
        command: k(`get ${workload.kind.toLowerCase()} ${workload.name} -o yaml`),
      }),
    ]
    const unlimited = workload.containers.filter(({ hasMemoryLimit }) => !hasMemoryLimit)
    const unchecked = workload.containers.every(({ hasReadinessProbe }) => !hasReadinessProbe)
    const [directory] = workload.hostPaths
    return {
      'memory-limit': {
        holds: unlimited.length === 0,
        evidence,
        detail:
          unlimited.length === 0
            ? say('limited')
            : say('no limit: {containers}', { containers: joinTexts(unlimited.map(({ name }) => name)) }),
        facts: { containers: unlimited.map(({ name }) => name).join(',') },
      },
      readiness: {
        holds: !unchecked,
        evidence,
        detail: unchecked ? say('no readiness probe') : say('it has a readiness probe'),
        facts: { container: workload.containers[0]?.name ?? '' },
      },
      volume: {
        holds: directory === undefined || workload.isPinned,
        evidence,
        detail:
          directory === undefined
            ? say('in volume claims')
            : workload.isPinned
              ? say('a node selector or an affinity limits the nodes')
              : say('{directory} is a directory of a node, and any node can run the pod', { directory }),
      },
    }
  },
}
