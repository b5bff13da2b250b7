import { type Exhibit, type Message, MessageError } from 'labbook'
import { inSeconds, joinTexts, type LabContext, type LabSetupContext, type LabVerdict, say } from '../messages/say.ts'
import type { ObservationResult, TimelineRecorder } from './observe.ts'
import {
  blockedFor,
  isRunning,
  isUnschedulable,
  parseTasks,
  type NamedService,
  serviceTasks,
  type StackTask,
  tasksCommand,
} from './tasks.ts'
import { unlessTooSlow, type RequestVerdict } from './verdicts.ts'

/** No app reads it; setting it replaces every task. */
const VERSION = 'LABBOOK_RELEASE'

/** How an update or a rollback ended. */
export interface Rolled {
  /** Docker's state and message: `rollback_completed rollback completed`. */
  readonly state: string
  /** Why the scheduler left a task pending. */
  readonly error: string
  /** Seconds. */
  readonly took: number
  readonly exhibits: readonly Exhibit[]
}

export const isCompleted = ({ state }: Pick<Rolled, 'state'>): boolean => state.startsWith('completed')

export const isRolledBack = ({ state }: Pick<Rolled, 'state'>): boolean => state.startsWith('rollback_completed')

const isUpdateOver = (state: string): boolean => /^(completed|rollback_completed|paused|rollback_paused)/.test(state)

/** Prints Docker's update state and message, and the start of the update; `none` without one. */
const updateState = ({ fullName }: NamedService): string =>
  `docker service inspect ${fullName} --format '{{with .UpdateStatus}}{{.State}} {{.Message}}{{println}}{{.StartedAt}}{{else}}none{{end}}'`

const stateOf = (stdout: string): string => stdout.split('\n')[0] ?? ''
const startOf = (stdout: string): string => stdout.split('\n')[1] ?? ''

/** Texts of the kinds of updates. */
const ROLLS = {
  update: {
    title: 'Update of {service}',
    started: 'update',
    tasks: 'Tasks of {service} during update',
    ended: 'update: {state}',
  },
  rollback: {
    title: 'Rollback of {service}',
    started: 'rollback',
    tasks: 'Tasks of {service} during rollback',
    ended: 'rollback: {state}',
  },
  broken: {
    title: 'Broken update of {service}',
    started: 'broken update',
    tasks: 'Tasks of {service} during broken update',
    ended: 'broken update: {state}',
  },
  forced: {
    title: 'Forced update of {service}',
    started: 'forced update',
    tasks: 'Tasks of {service} during forced update',
    ended: 'forced update: {state}',
  },
} as const

/** Replaces the tasks of a service by equal ones. */
export const updateService = (on: LabContext, service: NamedService, watching: TimelineRecorder): Promise<Rolled> =>
  roll(on, service, 'update', `update --env-add ${VERSION}=${Date.now()}`, watching)

/** Rolls a service back to its previous version. */
export const rollBack = (on: LabContext, service: NamedService, watching: TimelineRecorder): Promise<Rolled> =>
  roll(on, service, 'rollback', 'rollback', watching)

/**
 * Updates a service to a version that does not run.
 *
 * @param change - options of `docker service update`.
 */
export const breakService = (
  on: LabContext,
  service: NamedService,
  change: string,
  watching: TimelineRecorder,
): Promise<Rolled> => roll(on, service, 'broken', `update ${change}`, watching)

/** Replaces the tasks of a service without a change: Swarm starts the new ones on the nodes with the fewest. */
export const forceUpdate = (on: LabSetupContext, service: NamedService, watching: TimelineRecorder): Promise<Rolled> =>
  roll(on, service, 'forced', 'update --force', watching)

/**
 * Runs detached and polls: a command that waits would block the connection for all other commands.
 *
 * @throws {MessageError} if the update cannot be started.
 */
async function roll(
  on: LabSetupContext,
  service: NamedService,
  kind: keyof typeof ROLLS,
  change: string,
  { mark, now }: TimelineRecorder,
): Promise<Rolled> {
  const texts = ROLLS[kind]
  // An earlier update may be over as well: the one that is waited for began later.
  const earlier = startOf((await on.exec({ command: updateState(service) })).stdout)
  const began = now()
  const [verb = '', ...options] = change.split(' ')
  const started = await on.exhibit({
    title: say(texts.title, { service: service.service }),
    command: ['docker service', verb, '--detach --quiet', ...options, service.fullName].join(' '),
  })
  if (started.exitCode !== 0)
    throw new MessageError(
      say('cannot start: {what} of {service} (see exhibit "{exhibit}")', {
        what: say(texts.started),
        service: service.service,
        exhibit: started.id,
      }),
    )
  mark(texts.started)
  let state = ''
  let error = ''
  const isBlocked = blockedFor(on)
  const { exhibit } = await on.watch({
    title: say(texts.tasks, { service: service.service }),
    waitingFor: `the ${texts.started} of ${service.service}`,
    command: `${updateState(service)}; ${tasksCommand(service.fullName)}`,
    within: 300,
    until: ({ stdout }) => {
      state = stateOf(stdout)
      const tasks = parseTasks(stdout)
      error = tasks.find(isUnschedulable)?.error ?? ''
      return isBlocked(tasks) || (startOf(stdout) !== earlier && isUpdateOver(state))
    },
  })
  mark(say(texts.ended, { state: state.split(' ')[0] ?? '' }))
  return { state, error, took: now() - began, exhibits: [started, exhibit] }
}

/** Docker's message: `rollback completed` of `rollback_completed rollback completed`. */
const messageOf = (state: string): string => state.trim().replace(/^\S+\s+/, '')

/** How an update ended: `rollback completed after 12 s`. */
export const endOf = ({ state, took, error }: Pick<Rolled, 'state' | 'took' | 'error'>): Message =>
  say('{state} after {time}{why}', {
    state: state.trim() === '' ? say('no update') : messageOf(state),
    time: inSeconds(took),
    why: error === '' ? '' : `: ${error}`,
  })

/** Whether an update or a rollback completed, and the verdict about the requests holds. */
export async function rollVerdict(
  on: LabContext,
  observed: Pick<ObservationResult<unknown>, 'exhibit'>,
  { took, exhibits }: Rolled,
  isReached: boolean,
  requests: RequestVerdict,
): Promise<LabVerdict> {
  const time = inSeconds(took)
  const timing = isReached ? say('took {time}', { time }) : say('not completed after {time}', { time })
  const verdict = {
    ...requests,
    detail: joinTexts([requests.detail ?? '', timing], '; '),
    evidence: [...exhibits],
  }
  return isReached
    ? await unlessTooSlow(on, observed, verdict)
    : { ...verdict, holds: false, evidence: [...exhibits, observed.exhibit] }
}

/**
 * Undoes the updates above, from any point, and waits for the end.
 *
 * @param broken - text in the specification of the broken version.
 * @throws {MessageError} if the update cannot be started, or is not over in time.
 */
export async function undoUpdate(on: LabSetupContext, service: NamedService, broken: string): Promise<void> {
  const { fullName } = service
  const { stdout } = await on.exec({
    command: `docker service inspect ${fullName} --format '{{json .Spec.TaskTemplate.ContainerSpec}}'`,
  })
  const undo = stdout.includes(broken)
    ? 'rollback --detach --quiet'
    : stdout.includes(`"${VERSION}=`)
      ? `update --detach --quiet --env-rm ${VERSION}`
      : undefined
  if (undo !== undefined) await change(on, service, undo)
  await awaitEnd(on, service, undo !== undefined)
  await replaceDuplicateTasks(on, service)
}

/** Changes a service, without waiting. */
async function change(on: LabSetupContext, { fullName, service }: NamedService, command: string): Promise<void> {
  const { exitCode, stderr } = await on.exec({ command: `docker service ${command} ${fullName}` })
  if (exitCode !== 0)
    throw new MessageError(say('cannot update {service}: {stderr}', { service, stderr: stderr.trim() }))
}

async function awaitEnd(on: LabSetupContext, service: NamedService, isStarted: boolean): Promise<void> {
  const { service: name } = service
  const { reached, exhibit } = await on.watch({
    title: say('Update state of {service}', { service: name }),
    waitingFor: `the update of ${name}`,
    command: updateState(service),
    within: 240,
    // An update that was just started has no state at first.
    until: ({ stdout: state }) => isUpdateOver(state) || (!isStarted && state.startsWith('none')),
  })
  if (!reached)
    throw new MessageError(
      say('the update of {service} is not over (see exhibit "{exhibit}")', { service: name, exhibit: exhibit.id }),
    )
}

/** Whether two tasks run in one slot, and Swarm wants both. */
const hasDuplicateTasks = (tasks: readonly StackTask[]): boolean => {
  const running = tasks.filter(isRunning).map(({ name }) => name)
  return new Set(running).size < running.length
}

/** Seconds in which Swarm removes the second task of a slot by itself, before the timeout multiplier. */
const DUPLICATE_SECONDS = 30

/**
 * Replaces the tasks of a service with two in one slot. Docker 20.10 was seen to keep both after a failed update with
 * `failure_action: continue` and its rollback. Only another update removes the second one.
 */
async function replaceDuplicateTasks(on: LabSetupContext, service: NamedService): Promise<void> {
  const { fullName, service: name } = service
  if (!hasDuplicateTasks(await serviceTasks(on, fullName))) return
  const { reached } = await on.watch({
    title: say('Tasks of {service} with two in one slot', { service: name }),
    waitingFor: `one task per slot of ${name}`,
    command: tasksCommand(fullName),
    within: DUPLICATE_SECONDS,
    until: ({ stdout }) => !hasDuplicateTasks(parseTasks(stdout)),
  })
  if (reached) return
  await change(on, service, 'update --detach --quiet --force')
  await awaitEnd(on, service, true)
}
