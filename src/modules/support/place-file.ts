import { posix } from 'node:path'
import type { Diff, Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { attributeChanges, describeAttributes, differing, missingAccount } from './attributes.ts'
import { entryAt, readsAt, setContent, setsAt, setTree } from './effects.ts'
import { asText, forDiff, printBytes, sha256 } from './file-content.ts'
import type { Attributes } from './params.ts'
import { parsePathFacts, type PathFacts } from './path-facts.ts'
import { replaceFile } from './replace-file.ts'

/** Desired file at a path. */
export interface Placement extends Attributes {
  readonly dest: string
  readonly content: Buffer
  /** The content contains secrets: diffs do not show it, and a new file gets mode 0600 unless a mode is set. */
  readonly confidential: boolean
  readonly backup: boolean
  readonly validate?: string | undefined
  /** false: an existing file is not changed. */
  readonly force: boolean
}

/** Registered value of copy and template. */
export interface PlacedFile {
  readonly dest: string
  /** SHA-256 of the desired content, in hexadecimal. */
  readonly checksum: string
  readonly size: number
}

/** Plans the changes that create or update the file. */
export function planPlacement(wanted: Placement, observed: Observed): Plan<PlacedFile> {
  const { dest, content, force } = wanted
  const values: PlacedFile = { dest, checksum: sha256(content), size: content.length }
  const facts = parsePathFacts(observed)
  if (typeof facts === 'string') return { changes: [], problem: `cannot stat ${dest}: ${facts}` }
  const reads = readsAt(facts, entryAt)
  const problem = obstacle(dest, facts) ?? missingAccount(facts, wanted)
  if (problem !== undefined) return { changes: [], problem, ...reads }
  if (!force && facts.kind !== null) return { changes: [], values, ...reads }
  if (isSame(facts, values, content)) return { changes: attributeChanges(dest, facts, wanted), values, ...reads }
  return { changes: [replacement(wanted, facts)], values, ...reads }
}

/** Why the path cannot be a file. */
export function obstacle(dest: string, facts: PathFacts): string | undefined {
  if (facts.noParent)
    return `directory ${posix.dirname(dest)} does not exist: create it first, with file: { state: 'directory' }`
  if (facts.kind === 'directory') return `${dest} is a directory: append / or a file name`
  if (facts.kind === 'other') return `${dest} is a device, socket or pipe, not a file`
  return undefined
}

function isSame(facts: PathFacts, { checksum }: PlacedFile, content: Buffer): boolean {
  if (facts.kind !== 'file') return false
  if (facts.sha256 !== undefined) return facts.sha256 === checksum
  // Bytes that are not UTF-8 show as U+FFFD; content with that character is also compared by size.
  return facts.size === content.length && facts.content !== undefined && facts.content === asText(content)
}

function replacement(wanted: Placement, facts: PathFacts): Plan<PlacedFile>['changes'][number] {
  const { dest, content, confidential, backup, validate } = wanted
  const old = facts.kind === 'file' ? facts : undefined
  const script = replaceFile({
    path: dest,
    fill: `${printBytes(content)} >&8`,
    old,
    ...(old === undefined ? { owner: wanted.owner, group: wanted.group, mode: wanted.mode } : differing(old, wanted)),
    ...(confidential ? { defaultMode: 0o600 } : {}),
    validate,
    backup: backup && old !== undefined,
  })
  const attributes = describeAttributes(old === undefined ? wanted : differing(old, wanted))
  const verb = old === undefined ? (facts.kind === 'link' ? 'replace link' : 'create') : 'update'
  return {
    description: `${verb} ${dest}${attributes === '' ? '' : ` (${attributes})`}`,
    script,
    diff: diffOf(dest, old, content, confidential || isPrivate(wanted, old)),
    sets: setsAt(dest, facts, facts.kind === 'link' ? setTree : setContent),
  }
}

/** Files that are not world-readable are not shown in the report. */
const isPrivate = (wanted: Placement, old: PathFacts | undefined): boolean =>
  ((wanted.mode ?? old?.mode ?? 0o644) & 0o004) === 0

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
