import type { CommandRecord, PlannedChange, TaskResult } from '../events/events.ts'
import { excerpt, type ExcerptOptions } from './format.ts'
import type { Messages } from './messages/index.ts'

/** An output that the page shows only in part, and the file in the run directory with the complete text. */
export interface LongOutput {
  readonly stream: 'output' | 'errors'
  readonly bytes: number
  readonly file: string | undefined
}

/** A task shown with all details: it failed, changed something, or is unknown. */
export interface TaskDetail {
  readonly anchor: string
  readonly name: string
  readonly play: string
  readonly host: string
  readonly delegatedTo: string | undefined
  readonly status: TaskResult['status']
  readonly ignored: boolean
  readonly rescued: boolean
  readonly handler: boolean
  readonly message: string | undefined
  readonly durationMs: number
  readonly attempts: number
  readonly changes: readonly PlannedChange[]
  readonly commands: readonly CommandShown[]
}

interface CommandShown
  extends Pick<CommandRecord, 'kind' | 'script' | 'stdout' | 'stderr' | 'exitCode' | 'durationMs'> {
  readonly long: readonly LongOutput[]
}

const MAX_SCRIPT_LINES = 40

/** @param number - position of the result in the run; makes the anchor unique. */
export function detailOf(result: TaskResult, number: number, { phrases }: Messages): TaskDetail {
  return {
    anchor: `task-${number}`,
    name: result.task,
    play: result.play,
    host: result.host,
    delegatedTo: result.delegatedTo,
    status: result.status,
    ignored: result.ignored,
    rescued: result.rescued === true,
    handler: result.handler,
    message: result.message,
    durationMs: result.durationMs,
    attempts: result.attempts,
    changes: result.changes,
    commands: result.commands.filter(isShown(result)).map((command) => ({
      kind: command.kind,
      script: excerpt(command.script, phrases.linesOmitted, { lines: MAX_SCRIPT_LINES }),
      stdout: excerpt(command.stdout, phrases.linesOmitted, completeIn(command.long?.stdout?.file)),
      stderr: excerpt(command.stderr, phrases.linesOmitted, completeIn(command.long?.stderr?.file)),
      exitCode: command.exitCode,
      durationMs: command.durationMs,
      long: longOutputs(command),
    })),
  }
}

export const completeIn = (file: string | undefined): ExcerptOptions =>
  file === undefined ? {} : { completeFile: file }

export function longOutputs({ long }: Pick<CommandRecord, 'long'>): LongOutput[] {
  return [
    ...(long?.stdout ? [{ stream: 'output' as const, bytes: long.stdout.bytes, file: long.stdout.file }] : []),
    ...(long?.stderr ? [{ stream: 'errors' as const, bytes: long.stderr.bytes, file: long.stderr.file }] : []),
  ]
}

/** Approximate size in memory, in characters. */
export const sizeOf = ({ changes, commands }: TaskDetail): number =>
  changes.reduce((sum, { diff }) => sum + (diff ? diff.before.length + diff.after.length : 0), 500) +
  commands.reduce((sum, { script, stdout, stderr }) => sum + script.length + stdout.length + stderr.length, 0)

/** Probes change nothing: they are shown only for failed tasks, or if their output is long. */
const isShown =
  (result: TaskResult) =>
  (command: CommandRecord): boolean =>
    command.kind === 'change' ||
    command.long !== undefined ||
    result.status === 'failed' ||
    result.status === 'unreachable'
