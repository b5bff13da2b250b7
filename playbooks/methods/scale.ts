import type { Exhibit, WatchResult } from 'labbook'
import { type LabContext, type LabSetupContext, say } from '../messages/say.ts'
import type { WatchTimes } from './nodes.ts'
import type { TimelineRecorder } from './observe.ts'
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

/** A service with another number of replicas. */
interface Scaled {
  readonly reached: boolean
  /** Seconds. */
  readonly took: number
  /** Why a task does not run. */
  readonly error: string
  readonly exhibits: readonly Exhibit[]
}

/** Scales a service, and waits until that many tasks run. */
export async function scaleTo(
  on: LabContext,
  service: NamedService,
  replicas: number,
  { mark, now }: TimelineRecorder,
): Promise<Scaled> {
  const began = now()
  const scaled = await on.exhibit({
    title: say('Scale {service} to {replicas}', { service: service.service, replicas }),
    command: scaleCommand(service, replicas),
  })
  mark(say('scale {service} to {replicas}', { service: service.service, replicas }))
  const { reached, exhibit } = await watchRunning(on, service, replicas)
  mark(say('{replicas} run', { replicas }))
  const pending = parseTasks(exhibit.stdout).find((task) => !isRunning(task) && task.error !== '')
  return { reached, took: now() - began, error: pending?.error ?? '', exhibits: [scaled, exhibit] }
}
