import type { WatchResult } from 'labbook'
import { type LabContext, type LabSetupContext, say } from '../messages/say.ts'
import type { WatchTimes } from './nodes.ts'
import type { TimelineRecorder } from './observe.ts'
import type { Scaler } from './orchestrator.ts'
import { setReplicas } from './scale-experiment.ts'
import { isRunning, parseTasks, tasksCommand, type NamedService } from './tasks.ts'

/** Sets the number of replicas, without waiting for the tasks. */
export const scaleCommand = ({ fullName }: Pick<NamedService, 'fullName'>, replicas: number): string =>
  `docker service scale --detach ${fullName}=${replicas}`

/**
 * Waits until a number of tasks run, in any desired state: a task that is still stopping counts.
 */
export const watchRunning = (
  on: LabSetupContext,
  { service, fullName }: NamedService,
  replicas: number,
  times: WatchTimes = { within: 120 },
): Promise<WatchResult> =>
  on.watch({
    title: say('Tasks of {service} until {replicas} run', { service, replicas }),
    command: tasksCommand(fullName),
    ...times,
    until: ({ stdout }) => parseTasks(stdout).filter(({ state }) => state === 'running').length === replicas,
  })

/** Scales a service of the Swarm. */
export const serviceScaler = (on: LabSetupContext, service: NamedService): Scaler => ({
  service: service.service,
  command: (replicas) => ({ command: scaleCommand(service, replicas) }),
  watch: async (replicas) => {
    const { reached, exhibit } = await watchRunning(on, service, replicas)
    const pending = parseTasks(exhibit.stdout).find((task) => !isRunning(task) && task.error !== '')
    return { reached, exhibit, error: pending?.error ?? '' }
  },
})

/** Scales a service, and waits until that many tasks run. */
export const scaleTo = (
  on: LabContext,
  service: NamedService,
  replicas: number,
  watching: TimelineRecorder,
): ReturnType<typeof setReplicas> => setReplicas(on, serviceScaler(on, service), replicas, watching)
