import { MessageError } from 'labbook'
import { type LabContext, type LabSetupContext, say } from '../messages/say.ts'

/** A task of a service. */
export interface StackTask {
  readonly id: string
  /** `vote.1` */
  readonly name: string
  readonly node: string
  /** In lower case: `running`, `shutdown`, ... */
  readonly desired: string
  /** In lower case: `running`, `preparing`, `failed`, ... */
  readonly state: string
  readonly error: string
}

/** A service of a stack. */
export interface NamedService {
  /** Its name in the compose file. */
  readonly service: string
  /** Its name in the Swarm: `voting_vote`. */
  readonly fullName: string
}

export const fullName = ({ stack }: { readonly stack: string }, service: string): string => `${stack}_${service}`

/** A service, by its name in the compose file. */
export const namedService = (stack: { readonly stack: string }, service: string): NamedService => ({
  service,
  fullName: fullName(stack, service),
})

const OUTPUT = "--no-trunc --format '{{.ID}}\t{{.Name}}\t{{.Node}}\t{{.DesiredState}}\t{{.CurrentState}}\t{{.Error}}'"

/** Lists all tasks of a service, earlier ones included, for {@link parseTasks}. */
export const tasksCommand = (service: string): string => `docker service ps ${service} ${OUTPUT}`

/** Before the timeout multiplier: a manager that hangs must not block the sampling. */
const TIMEOUT_SECONDS = 5

/** Lists the tasks of all services of a stack with one of these name prefixes. */
export const stackTasksCommand = (stack: string, names: readonly string[], slowdown = 1): string =>
  `timeout ${TIMEOUT_SECONDS * slowdown} docker stack ps ${stack} ${names.map((name) => `--filter name=${fullName({ stack }, name)}`).join(' ')} ${OUTPUT}`

/** Parses the output of {@link tasksCommand} and {@link stackTasksCommand}. */
export function parseTasks(stdout: string): StackTask[] {
  return stdout
    .split('\n')
    .filter((line) => line.includes('\t'))
    .map((line) => {
      const [id = '', name = '', node = '', desired = '', current = '', error = ''] = line.split('\t')
      return {
        id: id.trim(),
        // Docker prefixes the names of replaced tasks with `\_`.
        name: name.replace(/^[\s\\_]+/, ''),
        node: node.trim(),
        desired: desired.toLowerCase(),
        state: (current.trim().split(' ')[0] ?? '').toLowerCase(),
        error: error.replace(/^"|"$/g, ''),
      }
    })
}

export const isRunning = ({ desired, state }: StackTask): boolean => desired === 'running' && state === 'running'

export async function serviceTasks(on: Pick<LabSetupContext, 'exec'>, service: string): Promise<StackTask[]> {
  return parseTasks((await on.exec({ command: tasksCommand(service) })).stdout)
}

/** Prints the id of the container of a task, on its node. */
export const containerOf = (task: string): string =>
  `docker ps -q --no-trunc --filter label=com.docker.swarm.task.id=${task}`

/** A running container of a service, and its node. */
export interface Container {
  readonly task: string
  readonly node: string
  readonly id: string
}

/**
 * A running container of a service, on a worker if there is one.
 *
 * @param hosts - nodes to look on. Default: all of the Swarm.
 * @throws if no task runs there.
 */
export async function containerIn(
  on: LabContext,
  service: string,
  hosts: readonly string[] = on.groups.swarm ?? [],
): Promise<Container> {
  const workers = on.groups.swarm_workers ?? []
  const running = (await serviceTasks(on, service))
    .filter((task) => isRunning(task) && hosts.includes(task.node))
    .sort((a, b) => Number(workers.includes(b.node)) - Number(workers.includes(a.node)))
  for (const { id: task, node } of running) {
    const { stdout } = await on.exec({ host: node, command: containerOf(task) })
    if (stdout.trim() !== '') return { task, node, id: stdout.trim() }
  }
  throw new MessageError(say('no task of {service} runs on a node of the inventory', { service }))
}

/** Whether the scheduler leaves a task pending that is still wanted, until the stack or the nodes change. */
export const isUnschedulable = ({ desired, state, error }: StackTask): boolean =>
  desired !== 'shutdown' && state === 'pending' && error !== ''

/** Seconds for which a task may be unschedulable: another one may end within them. */
const BLOCKED_SECONDS = 20

/** A test, for each poll, whether a task has been unschedulable for too long. */
export function blockedFor({ timeoutMultiplier }: Pick<LabSetupContext, 'timeoutMultiplier'>) {
  let since: number | undefined
  return (tasks: readonly StackTask[]): boolean => {
    since = tasks.some(isUnschedulable) ? (since ?? Date.now()) : undefined
    return since !== undefined && Date.now() - since > BLOCKED_SECONDS * 1000 * timeoutMultiplier
  }
}
