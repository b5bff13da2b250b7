import { type Exhibit, type Message, MessageError } from 'labbook'
import {
  type LabContext,
  type LabSetupContext,
  say,
  inSeconds,
  joinTexts,
  type MessageKey,
} from '../../messages/say.ts'
import { isUpdateOver } from '../../swarm/experiments/support/cluster.ts'
import type { TimelineRecorder } from '../../methods/observe.ts'
import type { StackService } from '../model.ts'
import { hasCounter, observeStack } from '../observe.ts'
import {
  containerIn,
  fullName,
  isRunning,
  isUnschedulable,
  parseTasks,
  tasksCommand,
  serviceTasks,
  updateState,
} from '../../methods/tasks.ts'
import { hasHealthcheck, healthCandidate } from './health-candidate.ts'
import { hasEntryPoints } from './kill.ts'
import type { ClaimVerdict, ServiceExperiment } from './service-experiment.ts'
import { stopVerdict } from './stop.ts'
import {
  availability,
  maxOutage,
  noFailedRequest,
  noLostIncrement,
  onlyIf,
  type RequestVerdict,
  unlessPartitioned,
  type TimeWindow,
} from '../../methods/verdicts.ts'

/** No app reads it; setting it replaces every task. */
const VERSION = 'LABBOOK_RELEASE'
/** Seconds for which a task may be unschedulable: another one may end within them. */
const BLOCKED_SECONDS = 20

/**
 * Tasks that publish a port of their node cannot run beside their successor, and databases not on one volume: then
 * short outages count, not requests.
 */
export const isReplacedInPlace = ({ ports, role, mode }: StackService): boolean =>
  role === 'stateful' || mode === 'global' || ports.some((port) => port.mode === 'host')

type Unharmed = Extract<MessageKey, `${string} of {name} keeps the entry points available`>
type Unfailed = Extract<MessageKey, `${string} of {name} fails no request`>

const unharmed = (service: StackService, available: Unharmed, requests: Unfailed): Message =>
  say(isReplacedInPlace(service) ? available : requests, { name: service.name })

/** Judges requests during a replacement of tasks. */
export const judgeRequests = (
  on: LabContext,
  service: StackService,
  observed: Parameters<typeof noFailedRequest>[0],
  window?: TimeWindow,
): RequestVerdict =>
  isReplacedInPlace(service)
    ? availability(observed, maxOutage(on, service.overrides.maxOutage), window)
    : noFailedRequest(observed, window)

/** Updates a service to the same image, and rolls it back. */
export const update: ServiceExperiment = {
  kind: 'update',
  hypothesis: 'A new task is healthy before an old one stops, and the old one finishes its requests first.',
  claims: [
    { name: 'completes', statement: ({ name }) => say('Rolling update of {name} completes', { name }) },
    {
      name: 'requests',
      statement: (service) =>
        unharmed(
          service,
          'Rolling update of {name} keeps the entry points available',
          'Rolling update of {name} fails no request',
        ),
      applies: hasEntryPoints,
    },
    {
      name: 'rollback',
      statement: (service) =>
        unharmed(service, 'Rollback of {name} keeps the entry points available', 'Rollback of {name} fails no request'),
      applies: hasEntryPoints,
    },
    {
      name: 'increments',
      statement: ({ name }) => say('Update and rollback of {name} loses no acknowledged increment', { name }),
      applies: hasCounter,
    },
    { name: 'stops', statement: ({ name }) => say('Containers of {name} stop within their grace period', { name }) },
  ],
  async method(on, session, service) {
    const name = fullName(session, service.name)
    const old = (await serviceTasks(on, name)).filter(isRunning)
    const container = await containerIn(on, name)
    const health = (await hasHealthcheck(on, container))
      ? {}
      : { healthcheck: 'none', ...(await healthCandidate(on, service, container)) }
    const observed = await observeStack(
      on,
      session,
      say('Timeline: {service} is updated and rolled back', { service: service.name }),
      async (watching) => {
        const updated = await roll(
          on,
          service,
          name,
          'update',
          `docker service update --detach --quiet --env-add ${VERSION}=${Date.now()} ${name}`,
          watching,
        )
        const stops = await stopVerdict(on, service, name, old, container)
        const between = watching.now()
        const rolledBack = await roll(
          on,
          service,
          name,
          'rollback',
          `docker service rollback --detach --quiet ${name}`,
          watching,
        )
        await on.pause(1, 'the last responses')
        return { updated, between, rolledBack, stops }
      },
    )
    const { updated, between, rolledBack, stops } = observed.value
    const completed = updated.state.startsWith('completed')
    return {
      completes: {
        holds: completed,
        evidence: [...updated.exhibits, observed.exhibit],
        detail: completed ? say('took {time}', { time: inSeconds(updated.took) }) : endOf(updated),
        measured: completed ? { 'time to update': [updated.took, 's'] } : {},
        facts: { error: updated.error },
      },
      requests: {
        ...onlyIf(
          completed,
          await unlessPartitioned(on, observed, judgeRequests(on, service, observed, { to: between })),
        ),
        facts: health,
      },
      rollback: { ...(await rollbackVerdict(on, service, observed, between, rolledBack)), facts: health },
      stops,
      increments: { ...noLostIncrement(observed), evidence: [observed.exhibit] },
    }
  },
  undo: async (on, session, service) => {
    await undoUpdate(on, fullName(session, service.name))
  },
}

async function rollbackVerdict(
  on: LabContext,
  service: StackService,
  observed: Parameters<typeof unlessPartitioned>[1] & Parameters<typeof noFailedRequest>[0],
  from: number,
  { state, took, exhibits }: Rolled,
): Promise<ClaimVerdict> {
  const requests = judgeRequests(on, service, observed, { from })
  const reached = state.startsWith('rollback_completed')
  const time = inSeconds(took)
  const timing = reached ? say('took {time}', { time }) : say('not completed after {time}', { time })
  return await unlessPartitioned(on, observed, {
    ...requests,
    holds: reached && requests.holds,
    detail: joinTexts([timing, requests.detail ?? ''], '; '),
    evidence: exhibits,
  })
}

interface Rolled {
  readonly state: string
  /** Why the scheduler left a task pending. */
  readonly error: string
  readonly took: number
  readonly exhibits: readonly Exhibit[]
}

/** Texts of an update, of a rollback, and of an update to a broken version. */
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
} as const

/** Docker's message: `rollback completed` of `rollback_completed rollback completed`. */
const messageOf = (state: string): string => state.trim().replace(/^\S+\s+/, '')

/** How an update ended: `rollback completed after 12 s`. */
export const endOf = ({ state, took, error }: Pick<Rolled, 'state' | 'took' | 'error'>): Message =>
  say('{state} after {time}{why}', {
    state: state.trim() === '' ? say('no update') : messageOf(state),
    time: inSeconds(took),
    why: error === '' ? '' : `: ${error}`,
  })

/** Runs detached and polls: a command that waits would block the connection for all other commands. */
export async function roll(
  on: LabContext,
  service: StackService,
  name: string,
  kind: keyof typeof ROLLS,
  command: string,
  { mark, now }: TimelineRecorder,
): Promise<Rolled> {
  const began = now()
  const texts = ROLLS[kind]
  const started = await on.exhibit({ title: say(texts.title, { service: service.name }), command })
  if (started.exitCode !== 0)
    throw new MessageError(
      say('cannot start: {what} of {service} (see exhibit "{exhibit}")', {
        what: say(texts.started),
        service: service.name,
        exhibit: started.id,
      }),
    )
  mark(texts.started)
  let state = ''
  let blockedSince: number | undefined
  let error = ''
  const { exhibit } = await on.watch({
    title: say(texts.tasks, { service: service.name }),
    waitingFor: `the ${texts.started} of ${service.name}`,
    command: `${updateState(name)}; ${tasksCommand(name)}`,
    within: 240,
    until: ({ stdout }) => {
      state = stdout.split('\n')[0] ?? ''
      const blocked = parseTasks(stdout).find(isUnschedulable)
      error = blocked?.error ?? ''
      blockedSince = blocked === undefined ? undefined : (blockedSince ?? Date.now())
      const isBlocked =
        blockedSince !== undefined && Date.now() - blockedSince > BLOCKED_SECONDS * 1000 * on.timeoutMultiplier
      return isUpdateOver(state) || isBlocked
    },
  })
  mark(say(texts.ended, { state: state.split(' ')[0] ?? '' }))
  return { state, error, took: now() - began, exhibits: [started, exhibit] }
}

/** Removes what the updates set, from any point. */
export async function undoUpdate(on: LabSetupContext, name: string): Promise<void> {
  const { stdout } = await on.exec({
    command: `docker service inspect ${name} --format '{{json .Spec.TaskTemplate.ContainerSpec}}'`,
  })
  if (stdout.includes(BROKEN)) await on.exec({ command: `docker service rollback --detach --quiet ${name}` })
  else if (stdout.includes(`"${VERSION}=`))
    await on.exec({ command: `docker service update --detach --quiet --env-rm ${VERSION} ${name}` })
}

/** Marks the entrypoint of the broken version. */
export const BROKEN = 'labbook-broken'
