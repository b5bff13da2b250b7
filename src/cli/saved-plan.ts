import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import type { PlannedChange, RunEvent, TaskResult } from '../events/events.ts'
import { replaceFileSync } from '../evidence/replace-file.ts'
import type { ApprovedChanges, TaskOnHost } from '../execution/approved-changes.ts'
import type { OptionSpec } from './command-line.ts'
import { OPTIONS } from './options.ts'
import { UsageError } from './usage-error.ts'

/*
 * A saved plan: the changes that check mode predicted, written by `--check --out FILE`. `--apply FILE` makes exactly
 * these changes. First it runs check mode again, and refuses if the plan has become another. Then each task is held to
 * the plan until the moment its changes are sent, because a host may change meanwhile.
 */

const diff = z.object({ subject: z.string(), before: z.string(), after: z.string() })
const change = z.union([z.object({ description: z.string(), diff }), z.object({ description: z.string() })])

const task = z.object({
  host: z.string(),
  play: z.string(),
  task: z.string(),
  handler: z.boolean(),
  changes: z.array(change),
})

const schema = z.object({
  labbookPlan: z.literal(1),
  playbook: z.string(),
  version: z.string(),
  created: z.string(),
  /** The command line, without `--check` and `--out`: it applies to `--apply` as well. */
  argv: z.array(z.string()),
  changes: z.array(task),
  /** Tasks whose changes check mode could not predict. */
  unknown: z.array(z.object({ host: z.string(), play: z.string(), task: z.string(), message: z.string() })),
})

export type SavedPlan = z.output<typeof schema>
type PlannedTask = z.output<typeof task>

/** Collects what check mode predicts. */
export class PlanRecorder {
  readonly #changes: PlannedTask[] = []
  readonly #unknown: SavedPlan['unknown'][number][] = []

  /** @param event - with secrets masked. */
  add(event: RunEvent): void {
    if (event.type !== 'result') return
    const { host, play, task, handler, message = '' } = event
    if (event.status === 'unknown') {
      if (event.readOnly !== true) this.#unknown.push({ host, play, task, message })
    } else if (event.changes.length > 0) this.#changes.push({ host, play, task, handler, changes: changesOf(event) })
  }

  plan({ playbook, version, argv }: Pick<SavedPlan, 'playbook' | 'version' | 'argv'>): SavedPlan {
    const created = new Date().toISOString()
    return { labbookPlan: 1, playbook, version, created, argv, changes: this.#changes, unknown: this.#unknown }
  }
}

const changesOf = ({ changes }: TaskResult): PlannedTask['changes'] =>
  changes.map(({ description, diff }) => (diff === undefined ? { description } : { description, diff }))

/**
 * @param mask - masks the secrets of the run.
 * @throws {UsageError} the file cannot be written, or its command line has a secret.
 */
export function writePlan(file: string, plan: SavedPlan, mask: (text: string) => string): void {
  if (plan.argv.some((argument) => mask(argument) !== argument))
    throw new UsageError(
      `--out ${file}: the plan is not saved, as it would have a secret of the command line. Put the variable into a file: -e @FILE`,
    )
  try {
    replaceFileSync(file, `${JSON.stringify(plan, null, 1)}\n`)
  } catch (error) {
    throw new UsageError(`--out ${file}: cannot write the plan: ${(error as NodeJS.ErrnoException).code}`)
  }
}

/** @throws {UsageError} the file cannot be read, or is no plan of this playbook and Labbook that can be applied. */
export function readPlan(file: string, { playbook, version }: Pick<SavedPlan, 'playbook' | 'version'>): SavedPlan {
  const problem = (what: string): UsageError => new UsageError(`--apply ${file}: ${what}`)
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw problem('not a plan: write one with --check --out FILE')
    throw problem(`cannot read the plan: ${(error as NodeJS.ErrnoException).code}`)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw problem('not a plan of this version of Labbook: write one with --check --out FILE')
  if (parsed.data.playbook !== playbook) throw problem(`a plan of ${parsed.data.playbook}.mjs, not of ${playbook}.mjs`)
  if (parsed.data.version !== version)
    throw problem(`a plan of Labbook ${parsed.data.version}, not of ${version}: save a new one with --check --out FILE`)
  const [first] = parsed.data.unknown
  if (first !== undefined) {
    const more = parsed.data.unknown.length === 1 ? '' : `, and ${parsed.data.unknown.length - 1} more`
    throw problem(
      `not complete: it is unknown what "${first.task}" changes on ${first.host} (${first.message})${more}. Run the playbook without --apply`,
    )
  }
  return parsed.data
}

/** The command line of a plan, for `--apply`: without the options that made it. */
export function argumentsOfPlan(argv: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string
    if (argument === '--out') at++
    else if (argument !== '--check' && !argument.startsWith('--out=')) kept.push(...withoutCheck(argument))
  }
  return kept
}

/** The letters of the short options that take a value: what follows them is the value. */
const WITH_VALUE = new Set(
  Object.values<OptionSpec>(OPTIONS).flatMap(({ short, value }) => (value === undefined ? [] : (short ?? []))),
)

/** `-CD` as `-D`. */
function withoutCheck(argument: string): string[] {
  if (!/^-[A-Za-z]\S*$/.test(argument)) return [argument]
  const letters = Array.from(argument.slice(1))
  const at = letters.findIndex((letter) => WITH_VALUE.has(letter))
  const end = at === -1 ? letters.length : at
  const kept = letters.filter((letter, i) => letter !== 'C' || i >= end)
  return kept.length === 0 ? [] : [`-${kept.join('')}`]
}

const idOf = ({ host, play, task, handler }: TaskOnHost): string => JSON.stringify([host, play, task, handler])

const digestOf = (changes: readonly PlannedChange[]): string =>
  hash(
    'sha256',
    JSON.stringify(changes.map((each: PlannedChange) => [each.description, each.diff?.before, each.diff?.after])),
    'hex',
  )

/**
 * The changes of a plan, for the run.
 *
 * @param mask - masks secrets, as in the plan.
 */
export function approvedBy(plan: SavedPlan, mask: <T>(value: T) => T): ApprovedChanges {
  const approved = new Map<string, Set<string>>()
  for (const planned of plan.changes) {
    const digests = approved.get(idOf(planned)) ?? new Set()
    approved.set(idOf(planned), digests.add(digestOf(planned.changes)))
  }
  return (task, changes) => approved.get(idOf(task))?.has(digestOf(mask(changes))) === true
}

/** How a new plan differs from a saved one, a line each; empty: it does not. */
export function planDifferences(saved: SavedPlan, current: SavedPlan): string[] {
  const keyed = (plan: SavedPlan): Map<string, PlannedTask> =>
    new Map(plan.changes.map((each) => [`${idOf(each)} ${digestOf(each.changes)}`, each]))
  const [before, now] = [keyed(saved), keyed(current)]
  const only = (own: Map<string, PlannedTask>, other: Map<string, PlannedTask>): Difference[] =>
    [...own].flatMap(([key, { host, task, changes }]) =>
      other.has(key) ? [] : changes.map((change) => ({ change, text: `${host}: ${task}: ${change.description}` })),
    )
  const [planned, found] = [only(before, now), only(now, before)]
  const lines = (sign: string, own: readonly Difference[], other: readonly Difference[]): string[] =>
    own.map(({ text, change }) => {
      const alike = other.find((each) => each.text === text)
      return `${sign} ${text}${alike === undefined ? '' : differentLines(change, alike.change)}`
    })
  const unknown = current.unknown.map(({ host, task, message }) => `? ${host}: ${task}: ${message}`)
  return [...lines('-', planned, found), ...lines('+', found, planned), ...unknown]
}

interface Difference {
  readonly change: PlannedChange
  readonly text: string
}

/** Of two changes with the same description: the first line in which this one differs, as it is and as it becomes. */
function differentLines(own: PlannedChange, other: PlannedChange): string {
  const [from, to] = (['before', 'after'] as const).map((side) => {
    const [lines = [], others = []] = [own, other].map(({ diff }) => diff?.[side].split('\n'))
    return lines.find((line, at) => line !== others[at]) ?? (lines.length < others.length ? 'absent' : undefined)
  })
  const shown = [
    ...(from === undefined ? [] : [`from "${from.trim()}"`]),
    ...(to === undefined ? [] : [`to "${to.trim()}"`]),
  ]
  return shown.length === 0 ? '' : ` (${shown.join(' ')})`
}
