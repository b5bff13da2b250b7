import { posix } from 'node:path'
import type { Diff, EarlierState, Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { attributeChanges, attributesDenied, describeAttributes, differing, missingAccount } from './attributes.ts'
import { directoryKey, entryAt, readsAt, setContent, setsAt, setTree } from './effects.ts'
import { asText, CONTENT_LIMIT, forDiff, printBytes, sha1, sha256, tooBig } from './file-content.ts'
import type { Attributes, GivenAttributes } from './params.ts'
import { entryProblem } from './path-access.ts'
import { parsePathFacts, type PathFacts } from './path-facts.ts'
import { replaceFile } from './replace-file.ts'
import type { Replacement } from './replacement.ts'
import { NEW_FILE, oldMode, replacedAttributes, resolveMode, type WithBits } from './resolve-mode.ts'
import { replacementDryRun } from './replacement-dry-run.ts'

/** Desired file at a path. */
export interface Placement extends GivenAttributes {
  readonly dest: string
  readonly content: Buffer
  /** The content contains secrets: diffs do not show it, and a new file gets mode 0600 unless a mode is set. */
  readonly confidential: boolean
  readonly backup: boolean
  readonly validate?: string | undefined
  /** false: an existing file is not changed. */
  readonly force: boolean
  /** Write through a link, instead of replacing it. */
  readonly follow: boolean
  /** Name of the file if `dest` is a directory. */
  readonly nameInDirectory?: string | undefined
}

/** Registered value of copy and template. */
export interface PlacedFile {
  readonly dest: string
  /** SHA-1 of the desired content, in hexadecimal, as in Ansible. */
  readonly checksum: string
  readonly size: number
}

/** Plans the changes that create or update the file. */
export function planPlacement(given: Placement, observed: Observed): Plan<PlacedFile> {
  const { content, force } = given
  const facts = parsePathFacts(observed)
  if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${given.dest}: ${facts}` }
  const dest = facts.isInDirectory ? posix.join(given.dest, given.nameInDirectory ?? '') : given.dest
  const created = given.confidential ? { ...NEW_FILE, mode: 0o600 } : NEW_FILE
  const wanted = resolveMode({ ...given, dest }, oldMode(facts, created, given))
  if (typeof wanted === 'string') return { changes: [], problem: `${dest}: ${wanted}` }
  const values: PlacedFile = { dest, checksum: sha1(content), size: content.length }
  const rest = { ...readsOf(dest, facts), confidential: isPrivate(facts, wanted) }
  const problem = sizeProblem(content) ?? obstacle(dest, facts) ?? missingAccount(facts, wanted)
  if (problem !== undefined) return { changes: [], problem, ...rest }
  if (!force && facts.kind !== null) return { changes: [], values, ...rest }
  const leaves = { [dest]: content }
  const isUpToDate = isSame(facts, content)
  const denied = isUpToDate ? attributesDenied(dest, facts, wanted) : entryProblem(dest, facts)
  if (denied !== undefined) return { changes: [], problem: denied, ...rest }
  return {
    changes: isUpToDate ? attributeChanges(dest, facts, wanted) : [replacement(wanted, facts)],
    values,
    ...(facts.realPath === undefined ? { leaves } : {}),
    ...rest,
  }
}

/**
 * The output of a path's probe once an earlier task has created its parent directory; undefined if more is
 * changed.
 */
export function inNewDirectory(path: string, observed: Observed, { changed }: EarlierState): Observed | undefined {
  const parent = directoryKey(posix.dirname(path))
  const isNew = Object.entries(changed).every(([key, value]) => key === parent && value === true)
  const lines = observed.stdout.split('\n')
  return isNew && lines[0] === 'absent' && lines.includes('no-parent') ? withParent(observed) : undefined
}

/** The output of a path's probe as if its parent directory existed. */
export function withParent(observed: Observed): Observed {
  const lines = observed.stdout.split('\n')
  return lines[0] === 'absent'
    ? { ...observed, stdout: lines.filter((line) => line !== 'no-parent').join('\n') }
    : observed
}

function sizeProblem({ length }: Buffer): string | undefined {
  return length <= CONTENT_LIMIT ? undefined : `the content has ${tooBig(length)}`
}

/** What the plan depends on beyond the parameters: where links lead, and the file in a directory. */
export function readsOf(dest: string, facts: PathFacts): { reads?: readonly string[] } {
  const { reads } = readsAt(facts, entryAt)
  return facts.isInDirectory ? { reads: [...entryAt(dest), ...(reads ?? [])] } : reads === undefined ? {} : { reads }
}

/** Why the path cannot be a file. */
export function obstacle(dest: string, facts: PathFacts): string | undefined {
  if (facts.leadsToDirectory) return `${dest} is a link to a directory: append / and a file name`
  if (facts.noParent)
    return `directory ${posix.dirname(dest)} does not exist: create it first, with file: { state: 'directory' }`
  if (facts.kind === 'directory') return `${dest} is a directory: append / or a file name`
  if (facts.kind === 'other') return `${dest} is a device, socket or pipe, not a file`
  return undefined
}

/** Why the text of an existing file cannot be edited. */
export function textProblem(path: string, facts: PathFacts, limit: number): string | undefined {
  const { kind, content, size } = facts
  if (kind === null) return undefined
  if (kind === 'link') return `${path} is a dangling link`
  if (content === undefined) return `${path} has ${size} bytes: this module supports up to ${limit}`
  // U+FFFD may be in the file, or stand for bytes that are not UTF-8: then the size differs.
  const isText = !content.includes('\0') && (!content.includes('\uFFFD') || Buffer.byteLength(content) === size)
  return isText ? undefined : `${path} is not UTF-8 text`
}

function isSame(facts: PathFacts, content: Buffer): boolean {
  if (facts.kind !== 'file') return false
  if (facts.sha256 !== undefined) return facts.sha256 === sha256(content)
  // Bytes that are not UTF-8 show as U+FFFD; content with that character is also compared by size.
  return facts.size === content.length && facts.content !== undefined && facts.content === asText(content)
}

function replacement(wanted: WithBits<Placement>, facts: PathFacts): Plan<PlacedFile>['changes'][number] {
  const { dest, content, confidential, backup, validate } = wanted
  const old = facts.kind === 'file' ? facts : undefined
  const placed: Replacement = {
    path: dest,
    fill: `${printBytes(content)} >&8`,
    size: content.length,
    ...(old === undefined
      ? { owner: wanted.owner, group: wanted.group, mode: wanted.mode }
      : replacedAttributes(old, wanted)),
    ...(confidential ? { defaultMode: 0o600 } : {}),
    validate,
    backup: backup && old !== undefined,
    followLink: wanted.follow,
  }
  const attributes = describeAttributes(old === undefined ? wanted : differing(old, wanted))
  const verb = old === undefined ? (facts.kind === 'link' ? 'replace link' : 'create') : 'update'
  return {
    description: `${verb} ${dest}${attributes === '' ? '' : ` (${attributes})`}`,
    script: replaceFile(placed),
    dryRun: replacementDryRun(placed),
    diff: diffOf(dest, old, content, confidential || isPrivate(facts, wanted)),
    sets: setsAt(dest, facts, facts.kind === 'link' ? setTree : setContent),
  }
}

/** Whether others on the host will not be able to read the file. Such files are in no record. */
const isPrivate = ({ kind, mode }: PathFacts, wanted: Attributes): boolean =>
  ((wanted.mode ?? (kind === 'file' ? mode : 0o644)) & 0o004) === 0

/** Whether others on the host cannot read a file, or will not be able to. Its text is in no record. */
export const isOrBecomesPrivate = ({ kind, mode }: PathFacts, wanted: Attributes = {}): boolean =>
  (kind === 'file' && (mode & 0o004) === 0) || (wanted.mode !== undefined && (wanted.mode & 0o004) === 0)

function diffOf(subject: string, old: PathFacts | undefined, content: Buffer, hidden: boolean): Diff {
  const before = old === undefined ? '' : beforeText(old)
  return hidden
    ? { subject, before: before === '' ? '' : '[REDACTED]\n', after: '[REDACTED]\n' }
    : { subject, before, after: forDiff(content) }
}

/** The old file's content in a diff. */
export function beforeText({ content, size, sha256: sum }: PathFacts): string {
  if (content !== undefined && !/[\0\uFFFD]/.test(content)) return content
  if (content !== undefined || sum !== undefined)
    return `(binary, ${sum === undefined ? '' : `sha256 ${sum}, `}${size} bytes)\n`
  return `(not fetched, ${size} bytes)\n`
}
