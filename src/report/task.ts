import { structuredPatch } from 'diff'
import type { CommandRecord, PlannedChange, TaskResult } from '../run/events.ts'
import { excerpt } from './format.ts'

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'place'
  readonly text: string
}

/** A task that failed, changed something, or could not be told: shown whole. */
export interface TaskDetail {
  readonly anchor: string
  readonly name: string
  readonly play: string
  readonly host: string
  readonly delegatedTo: string | undefined
  readonly status: TaskResult['status']
  readonly ignored: boolean
  readonly handler: boolean
  readonly message: string | undefined
  readonly durationMs: number
  readonly attempts: number
  readonly changes: readonly { readonly description: string; readonly subject: string | undefined; readonly diff: readonly DiffLine[] }[]
  readonly commands: readonly { readonly kind: string; readonly script: string; readonly stdout: string; readonly stderr: string; readonly exitCode: number; readonly durationMs: number | null }[]
}

/** Bytes of both texts together above which a line diff would take seconds. */
const LARGEST_DIFF = 200_000
const LONGEST_SCRIPT = 40

/** @param number - of the result in the run; makes the anchor unique. */
export function detailOf(result: TaskResult, number: number): TaskDetail {
  return {
    anchor: `task-${number}`,
    name: result.task,
    play: result.play,
    host: result.host,
    delegatedTo: result.delegatedTo,
    status: result.status,
    ignored: result.ignored,
    handler: result.handler,
    message: result.message,
    durationMs: result.durationMs,
    attempts: result.attempts,
    changes: result.changes.map(({ description, diff }) => ({ description, subject: diff?.subject, diff: diff ? diffLines(diff) : [] })),
    commands: result.commands.filter(worthShowing(result)).map((command) => ({
      kind: command.kind,
      script: excerpt(command.script, LONGEST_SCRIPT),
      stdout: excerpt(command.stdout),
      stderr: excerpt(command.stderr),
      exitCode: command.exitCode,
      durationMs: command.durationMs,
    })),
  }
}

/** Probes are how the runner looks, not what it did: they matter only where a task failed. */
const worthShowing = (result: TaskResult) => (command: CommandRecord): boolean =>
  command.kind === 'change' || result.status === 'failed' || result.status === 'unreachable'

/** A unified diff with three lines of context. */
export function diffLines(diff: NonNullable<PlannedChange['diff']>): DiffLine[] {
  if (diff.before.length + diff.after.length > LARGEST_DIFF) {
    return [{ kind: 'place', text: 'too large to show here; both texts are in events.jsonl' }]
  }
  const { hunks } = structuredPatch('', '', diff.before, diff.after, '', '', { context: 3 })
  const lines = hunks.flatMap((hunk): DiffLine[] => [
    { kind: 'place', text: `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@` },
    ...hunk.lines.map((line): DiffLine => ({ kind: line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same', text: line })),
  ])
  return lines.length <= 200
    ? lines
    : [...lines.slice(0, 200), { kind: 'place', text: `... ${lines.length - 200} more lines; both texts are in events.jsonl` }]
}
