import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../events/events.ts'
import { previousOf, sha256Hex } from './event-chain.ts'
import {
  EVENT_LOG,
  logLines,
  manifestText,
  SIGNATURE,
  storedManifest,
  subjectsOf,
  writeManifest,
  type ChainEnd,
  type ResourceDescriptor,
} from './manifest.ts'
import { contentOfFile, directoryFiles, type RunFiles } from './run-files.ts'
import { SummaryFold } from './summary.ts'

/** Whether the files of a run are those that it wrote. */
export interface Verification {
  /**
   * `incomplete`: what is there is intact, but nothing shows that it is all. `unchained`: a Labbook without hashes
   * wrote the event log, so nothing can be verified.
   */
  readonly status: 'intact' | 'changed' | 'incomplete' | 'unchained'
  /** The first difference in each of: event log, findings, manifest, summary; or why it is incomplete. */
  readonly problems: readonly string[]
  readonly lines: number
  readonly findings: number
  readonly files: number
}

/** Verifies the event log's chain, the exhibits of findings, and the manifest. Reads nothing but these files. */
export function verifyFiles(files: RunFiles): Verification {
  if (!files.names.includes(EVENT_LOG) && isCombined(files)) return verifyCombined(files)
  if (!files.names.includes(EVENT_LOG))
    return {
      status: 'changed',
      problems: [`${EVENT_LOG} is missing`],
      lines: 0,
      findings: 0,
      files: files.names.length,
    }
  const log = readLog(files)
  const counts = { lines: log.end.lines, findings: log.findings.length, files: files.names.length }
  if (log.problem !== undefined) {
    const unchained = log.unchained && storedManifest(files) === undefined
    return unchained
      ? { status: 'unchained', problems: [`${EVENT_LOG} has no hashes: a Labbook without them wrote it`], ...counts }
      : { status: 'changed', problems: [log.problem], ...counts }
  }
  const without = log.findings
    .filter(({ evidence }) => evidence.some((id) => !log.exhibits.has(id)))
    .map(({ id }) => `finding ${id}: an exhibit that it names is not in ${EVENT_LOG}`)
  const stored = storedManifest(files)
  const changed = [
    ...without.slice(0, 1),
    ...(stored === undefined ? [] : manifestProblem(files, log.end, log.summary, stored)),
    ...summaryProblem(files, log.summary),
  ]
  if (changed.length > 0) return { status: 'changed', problems: changed, ...counts }
  const open = incompleteness(log, stored)
  return open === undefined
    ? { status: 'intact', problems: [], ...counts }
    : { status: 'incomplete', problems: [open], ...counts }
}

/**
 * Lists the present files of a run in its manifest, such as a report that was rendered again. Its signature no longer
 * fits, and is removed.
 *
 * @returns whether there was a signature.
 * @throws {EvidenceError} a file cannot be read or written.
 */
export function renewManifest(directory: string): boolean {
  const { end, summary } = readLog(directoryFiles(directory))
  writeManifest(directory, end, summary.summary())
  const signature = join(directory, SIGNATURE)
  const signed = existsSync(signature)
  rmSync(signature, { force: true })
  return signed
}

interface Log {
  readonly end: ChainEnd
  readonly summary: SummaryFold
  readonly findings: readonly { readonly id: string; readonly evidence: readonly string[] }[]
  readonly exhibits: ReadonlySet<string>
  readonly ended: boolean
  /** Whether the last line is cut off. */
  readonly cut: boolean
  readonly problem?: string
  /** No line has a hash of the line before. */
  readonly unchained: boolean
}

function readLog(files: RunFiles): Log {
  const summary = new SummaryFold()
  const findings: Log['findings'][number][] = []
  const exhibits = new Set<string>()
  let [lines, head, ended, cut] = [0, '', false, false]
  const log = (problem?: string): Log => ({
    ...{ end: { lines, head }, summary, findings, exhibits, ended, cut, unchained: false },
    ...(problem === undefined ? {} : { problem }),
  })
  for (const { bytes, complete } of logLines(files)) {
    if (!complete) {
      cut = true
      break
    }
    const at = `${EVENT_LOG}:${lines + 1}`
    const text = bytes.toString()
    // Bytes that are not UTF-8 would be lost in the text, but not in the hash.
    const previous = previousOf(text)
    if (lines === 0 && previous !== undefined) return log(`${at}: lines before this one were removed`)
    if (lines === 1 && previous === undefined && isUnchained(files)) return { ...log('no hashes'), unchained: true }
    if (lines > 0 && previous === undefined)
      return log(`${at}: has no hash of the line before: it was added or changed`)
    if (lines > 0 && previous !== head)
      return log(
        `${at}: the line before is not the one after which this line was written: one of the two was changed, removed, added or moved`,
      )
    const event = parsed(text)
    if (event === undefined) return log(`${at}: is not an event`)
    if (ended) return log(`${at}: follows the end of the run`)
    if ((event.type === 'run_start') !== (lines === 0))
      return log(`${at}: a run begins with its first line, and only there`)
    lines += 1
    head = sha256Hex(bytes)
    try {
      summary.add(event)
      if (event.type === 'exhibit') exhibits.add(event.id)
      if (event.type === 'finding') findings.push({ id: event.id, evidence: [...event.evidence] })
      if (event.type === 'run_end') ended = true
    } catch {
      // A changed line may lack any field; the hash that shows it is in the next one.
      return log(`${at}: is not an event`)
    }
  }
  return log(lines === 0 ? `${EVENT_LOG} has no complete line` : undefined)
}

/** Whether no line has a hash: removing that of some lines does not make an event log an old one. */
function isUnchained(files: RunFiles): boolean {
  for (const { bytes } of logLines(files)) if (previousOf(bytes.toString()) !== undefined) return false
  return true
}

function parsed(text: string): RunEvent | undefined {
  try {
    const event = JSON.parse(text) as RunEvent
    return typeof event === 'object' && typeof event.type === 'string' ? event : undefined
  } catch {
    return undefined
  }
}

function incompleteness({ ended, cut }: Log, stored: string | undefined): string | undefined {
  if (cut) return `the last line of ${EVENT_LOG} is cut off: the run was killed there`
  if (!ended) return `${EVENT_LOG} has no end: the run was killed, or lines were removed at the end`
  return stored === undefined ? 'manifest.json is missing: files may be missing or changed' : undefined
}

interface Statement {
  readonly subject: readonly ResourceDescriptor[]
  readonly predicate: { readonly configuration: readonly Partial<ResourceDescriptor>[] }
}

/** The runs of a report of several runs: their event logs, with their SHA-256. Empty for any other manifest. */
export function combinedRuns(files: RunFiles): readonly ResourceDescriptor[] {
  try {
    const { predicate } = JSON.parse(storedManifest(files) ?? '') as Statement
    return predicate.configuration.filter((one): one is ResourceDescriptor => typeof one.digest?.sha256 === 'string')
  } catch {
    return []
  }
}

const isCombined = (files: RunFiles): boolean => combinedRuns(files).length > 0

/** Verifies the files of a report of several runs with its manifest; the runs are verified one by one. */
function verifyCombined(files: RunFiles): Verification {
  const { subject } = JSON.parse(storedManifest(files) ?? '') as Statement
  const problems = subjectProblem(subject, subjectsOf(files))
  return {
    status: problems.length === 0 ? 'intact' : 'changed',
    problems,
    lines: 0,
    findings: 0,
    files: files.names.length,
  }
}

/** The first file that is missing, was changed, or was added. */
function subjectProblem(listed: Statement['subject'], current: Statement['subject']): string[] {
  const before = new Map(listed.map(({ name, digest }) => [name, digest.sha256]))
  const now = new Map(current.map(({ name, digest }) => [name, digest.sha256]))
  for (const [name, digest] of before) {
    if (!now.has(name)) return [`${name} is missing: manifest.json lists it`]
    if (now.get(name) !== digest) return [`${name} was changed after manifest.json was written`]
  }
  const added = [...now.keys()].find((name) => !before.has(name))
  return added === undefined ? [] : [`${added} was added: manifest.json does not list it`]
}

function manifestProblem(files: RunFiles, end: ChainEnd, summary: SummaryFold, stored: string): string[] {
  const current = manifestText(files, end, summary.summary())
  if (current === stored) return []
  try {
    const found = subjectProblem((JSON.parse(stored) as Statement).subject, subjectsOf(files))
    if (found.length > 0) return found
  } catch {
    // Not even a statement.
  }
  return ['manifest.json was changed: it is not the one of these files']
}

function summaryProblem(files: RunFiles, summary: SummaryFold): string[] {
  const name = 'summary.json'
  if (!files.names.includes(name)) return []
  const expected = `${JSON.stringify(summary.summary(), null, 2)}\n`
  return contentOfFile(files, name).equals(Buffer.from(expected)) ? [] : [`${name} is not the summary of ${EVENT_LOG}`]
}
