import type { Exhibit, WatchResult } from 'labbook'
import { sh } from 'labbook'
import { type LabContext, type LabSetupContext, say } from '../messages/say.ts'
import type { TimelineRecorder } from './observe.ts'
import {
  isRunning,
  parseTasks,
  serviceTasks,
  tasksCommand,
  type Container,
  type NamedService,
  type StackTask,
} from './tasks.ts'

/** Seconds after which a slot without a new task counts as not replaced. */
const NO_NEW_TASK_SECONDS = 15

/** Whether a task was replaced. */
interface Replacement {
  readonly reached: boolean
  readonly exhibit: Exhibit
}

/** Waits until a task has ended and as many run as before; ends early if Swarm starts no other. */
export async function watchReplacement(
  on: LabContext,
  { service, fullName }: NamedService,
  task: string,
  wanted: number,
  within = 120,
): Promise<Replacement> {
  let tasks: readonly StackTask[] = []
  let endedAt: number | undefined
  const isReplaced = (): boolean =>
    !tasks.some((each) => each.id === task && isRunning(each)) && tasks.filter(isRunning).length >= wanted
  const { exhibit } = await on.watch({
    title: say('Tasks of {service} until the replacement', { service }),
    waitingFor: `another task of ${service}`,
    command: tasksCommand(fullName),
    within,
    until: ({ stdout, exitCode }) => {
      if (exitCode !== 0) return false
      tasks = parseTasks(stdout)
      if (!tasks.some((each) => each.id === task && isRunning(each))) endedAt ??= Date.now()
      const isAbandoned =
        endedAt !== undefined &&
        Date.now() - endedAt > NO_NEW_TASK_SECONDS * 1000 * on.timeoutMultiplier &&
        tasks.filter(({ desired }) => desired === 'running' || desired === 'ready').length < wanted
      return isReplaced() || isAbandoned
    },
  })
  return { reached: isReplaced(), exhibit }
}

/**
 * Stops or continues all processes of a container from the host. A health check may end between the list and the
 * signal.
 */
const signal = (container: string, name: 'STOP' | 'CONT'): string =>
  sh`pids=$(docker top ${container} -eo pid) || exit; for pid in \${pids#PID}; do kill -s ${name} "$pid" || [ ! -d "/proc/$pid" ] || exit; done`

/** The health check of a container, of its service or its image. */
export const recordHealthcheck = (on: LabContext, service: string, { node, id }: Container): Promise<Exhibit> =>
  on.exhibit({
    title: say('Health check of {service}', { service }),
    host: node,
    command: `docker inspect --format '{{json .Config.Healthcheck}}' ${id}`,
  })

/** What happened to a container that hangs. Times are seconds. */
interface Hang {
  readonly stopped: Exhibit
  readonly unhealthy: WatchResult
  readonly unhealthyAfter: number
  readonly replaced: Replacement
  readonly replacedAfter: number
}

/**
 * Stops all processes of a container, and waits for its replacement.
 *
 * @param within - seconds until it must be unhealthy.
 */
export async function hangContainer(
  on: LabContext,
  service: NamedService,
  { task, node, id }: Container,
  within: number,
  { mark, now }: TimelineRecorder,
): Promise<Hang> {
  const running = (await serviceTasks(on, service.fullName)).filter(isRunning).length
  const began = now()
  const stopped = await on.exhibit({
    title: say('Stop the processes of a container of {service}', { service: service.service }),
    host: node,
    command: signal(id, 'STOP'),
  })
  mark(say('container of {service} on {node} hangs', { service: service.service, node }))
  const unhealthy = await on.watch({
    title: say('Health of the container of {service}', { service: service.service }),
    waitingFor: `the container of ${service.service} to be unhealthy`,
    host: node,
    command: `docker inspect --format '{{.State.Status}} {{with .State.Health}}{{.Status}}{{end}}' ${id}`,
    within,
    until: ({ stdout, exitCode }) => exitCode !== 0 || !stdout.startsWith('running') || stdout.includes('unhealthy'),
  })
  const unhealthyAfter = now() - began
  if (unhealthy.reached) mark('unhealthy')
  // A container that is stopped cannot end: Docker kills it after the grace period.
  const replaced = await watchReplacement(on, service, task, running, unhealthy.reached ? 180 : 1)
  mark(replaced.reached ? 'replaced' : 'not replaced')
  return { stopped, unhealthy, unhealthyAfter, replaced, replacedAfter: now() - began }
}

/** Continues the processes of a container. */
export const continueContainer = async (on: LabSetupContext, host: string, id: string): Promise<void> => {
  // It may have been replaced.
  await on.exec({ host, command: `${signal(id, 'CONT')} || true` })
}

/** Continues the processes of all containers of a service. */
export async function continueService(on: LabSetupContext, { fullName }: NamedService): Promise<void> {
  for (const host of on.groups.swarm ?? []) {
    const command = `docker ps -q --filter label=com.docker.swarm.service.name=${fullName}`
    const { stdout } = await on.exec({ host, command })
    for (const id of stdout.split('\n').filter(Boolean)) await continueContainer(on, host, id)
  }
}
