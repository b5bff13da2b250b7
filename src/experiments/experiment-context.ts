import { setTimeout as sleep } from 'node:timers/promises'
import { TimeLimit } from '../connection/connection.ts'
import type { CommandResult } from '../shell/batch.ts'
import type { Exhibit, OutputChunk } from '../events/events.ts'
import { messageText, type Text } from '../events/message.ts'
import type { SetupContext, Experiment, CommandOptions, WatchOptions, WatchResult } from '../playbook/experiment.ts'
import { runBatch } from '../execution/run-host.ts'
import { Interrupted } from '../playbook/interrupted.ts'
import type { RunState } from '../execution/run-state.ts'
import { hostVarsOf } from '../execution/run-variables.ts'
import { timeoutMultiplierOf } from '../playbook/timeout-multiplier.ts'
import { stopwatch } from '../execution/stopwatch.ts'

const DEFAULT_SECONDS = 60
/** The inventory name of the controller. */
const CONTROLLER = 'localhost'

/** Creates the context of an experiment, without findings. */
export function setupContext(
  state: RunState,
  experiment: Experiment,
  hosts: readonly string[],
  nextId: (title: string) => string,
): SetupContext {
  const emitExhibit = ({ title, command, stdout, ...what }: ExhibitContent): Exhibit => {
    const texts = { title: messageText(title), command: messageText(command), stdout: messageText(stdout) }
    const exhibit = {
      type: 'exhibit',
      id: nextId(texts.title),
      experiment: experiment.name,
      ...texts,
      ...asData({ title, command, stdout }),
      ...what,
    } as const
    state.emit(exhibit)
    return { ...exhibit, time: what.start }
  }
  const hostvars = hostVarsOf(state)
  const slowdown = timeoutMultiplierOf({ hostvars }, state.groups.all ?? hosts)
  const waiting = (what: string, withinSeconds: number, host?: string): void => {
    state.emit({
      type: 'waiting',
      play: experiment.name,
      ...(host === undefined ? {} : { host }),
      for: what,
      withinSeconds,
    })
  }
  const hostOf = ({ host }: Pick<CommandOptions, 'host'>): string => host ?? (hosts[0] as string)
  const exec = ({ timeout = DEFAULT_SECONDS, ...command }: CommandOptions, exhibitTitle?: string): Promise<Execution> =>
    execCommand(state, { ...command, timeout: timeout * slowdown }, hostOf(command), exhibitTitle)
  return {
    hosts,
    groups: state.groups,
    hostvars,
    timeoutMultiplier: slowdown,
    signal: state.signal,
    exhibit: async ({ title, displayCommand: shown, ...command }) => {
      const text = messageText(title)
      state.emit({ type: 'exhibit_start', experiment: experiment.name, title: text, host: hostOf(command) })
      const output = await exec(command, text)
      return emitExhibit({ ...output, title, ...shownInstead(shown) })
    },
    watch: async ({ within = DEFAULT_SECONDS, every = 1, waitingFor: awaits, ...watch }) => {
      waiting(awaits ?? `"${messageText(watch.title)}"`, within * slowdown, hostOf(watch))
      return await poll(
        { ...watch, within: within * slowdown, every: every * slowdown },
        exec,
        emitExhibit,
        state.signal,
      )
    },
    waiting: (what, withinSeconds) => {
      waiting(what, withinSeconds)
    },
    pause: async (seconds, what) => {
      waiting(what, seconds)
      await sleepUnlessAborted(seconds, state.signal)
    },
    exec: async (command) => {
      const { stdout, stderr, exitCode } = await exec(command)
      return { stdout, stderr, exitCode }
    },
    record: ({ durationMs, ...what }) =>
      emitExhibit({
        ...what,
        durationMs,
        stderr: '',
        exitCode: 0,
        host: 'controller',
        start: new Date(Date.now() - durationMs).toISOString(),
      }),
    log: (message, level = 'info') => {
      state.emit({ type: 'notice', level, message: messageText(message), ...asData({ message }) })
    },
  }
}

const shownInstead = (shown: string | undefined): Pick<Exhibit, 'displayCommand'> =>
  shown === undefined ? {} : { displayCommand: shown }

/** Those of the texts that have values. */
function asData<Name extends string>(
  texts: Readonly<Record<Name, Text>>,
): { readonly messages?: Readonly<Record<Name, Exclude<Text, string>>> } {
  const withValues = Object.entries<Text>(texts).filter(([, text]) => typeof text !== 'string')
  return withValues.length === 0
    ? {}
    : { messages: Object.fromEntries(withValues) as Record<Name, Exclude<Text, string>> }
}

type ShownTexts = 'title' | 'command' | 'stdout'
type ExhibitContent = Omit<Exhibit, 'type' | 'time' | 'id' | 'experiment' | 'messages' | ShownTexts> &
  Readonly<Record<ShownTexts, Text>>
type Execution = Omit<Exhibit, 'type' | 'time' | 'id' | 'experiment' | 'messages' | 'title'>
/** With timeouts scaled by the timeout multiplier. */
type Timed<T, Limits extends keyof T> = T & Required<Pick<T, Limits>>

/** @param exhibitTitle - set if the output becomes an exhibit. Polls and samples write no overflow files. */
async function execCommand(
  state: RunState,
  { command, become = true, timeout }: Timed<CommandOptions, 'timeout'>,
  name: string,
  exhibitTitle?: string,
): Promise<Execution> {
  if (state.signal.aborted) throw new Interrupted()
  const host = state.host(name === 'controller' ? CONTROLLER : name)
  const watch = stopwatch()
  const { user, password } = host.become
  const openSpool = exhibitTitle === undefined ? undefined : state.openOverflowFile
  const outcome: CommandResult = await runBatch(host.connection, [command], {
    ...(become ? { become: { user, ...(password === undefined ? {} : { password }) } } : {}),
    timeLimitSeconds: timeout,
    capture: () => ({
      purpose: 'probe',
      elapsed: () => watch.elapsed(),
      ...(openSpool && { openOverflowFile: (stream) => openSpool({ host: name, task: exhibitTitle ?? '', stream }) }),
    }),
  }).then(
    ([first]) => first as CommandResult,
    (error: unknown) => {
      if (!(error instanceof TimeLimit)) throw error
      return {
        stdout: error.stdout.toString('utf8'),
        stderr: `${error.stderr.toString('utf8')}\n${error.message}`.trim(),
        exitCode: 124,
        durationMs: null,
      }
    },
  )
  const { arrivals, ...result } = outcome
  const chunks = arrivals === undefined ? {} : { chunks: chunksOf(arrivals) }
  return { command, host: name, ...result, ...chunks, start: watch.startedAt, durationMs: watch.elapsed() }
}

/** The chunks of both outputs, in the order in which they arrived. */
const chunksOf = ({ stdout, stderr }: NonNullable<CommandResult['arrivals']>): OutputChunk[] =>
  [
    ...stdout.map(([ms, bytes]): OutputChunk => [ms, 1, bytes]),
    ...stderr.map(([ms, bytes]): OutputChunk => [ms, 2, bytes]),
  ].sort(([a], [b]) => a - b)

async function poll(
  {
    until,
    within,
    every,
    title,
    displayCommand: shown,
    ...command
  }: Timed<Omit<WatchOptions, 'awaits'>, 'within' | 'every'>,
  exec: (command: CommandOptions) => Promise<Execution>,
  emitExhibit: (output: ExhibitContent) => Exhibit,
  signal: AbortSignal,
): Promise<WatchResult> {
  const watch = stopwatch()
  for (;;) {
    const polledAt = watch.elapsed()
    const { chunks, ...output } = await exec(command)
    const seconds = watch.elapsed() / 1000
    const reached = until(output)
    if (reached || seconds >= within)
      return {
        reached,
        seconds,
        exhibit: emitExhibit({
          ...output,
          // Only the last output is recorded, and its times are those of the whole watch.
          ...(chunks && { chunks: chunks.map(([ms, stream, bytes]) => [polledAt + ms, stream, bytes] as const) }),
          title,
          ...shownInstead(shown),
          start: watch.startedAt,
          durationMs: watch.elapsed(),
        }),
      }
    await sleepUnlessAborted(every, signal)
  }
}

/** @throws {Interrupted} */
async function sleepUnlessAborted(seconds: number, signal: AbortSignal): Promise<void> {
  await sleep(seconds * 1000, undefined, { signal }).catch(() => {
    throw new Interrupted()
  })
}
