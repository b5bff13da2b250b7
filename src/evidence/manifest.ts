import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { replaceFileSync } from './replace-file.ts'
import { withFileErrors } from './run-directory.ts'
import { contentOfFile, directoryFiles, type RunFiles } from './run-files.ts'
import type { Summary } from './summary.ts'

/** The manifest of a run: what it consisted of when it ended. */
export const MANIFEST = 'manifest.json'
export const SIGNATURE = `${MANIFEST}.sig`
export const EVENT_LOG = 'events.jsonl'

const STATEMENT = 'https://in-toto.io/Statement/v1'
const TEST_RESULT = 'https://in-toto.io/attestation/test-result/v0.1'

/** The last line of an event log. */
export interface ChainEnd {
  readonly lines: number
  /** SHA-256 of the last line, without its newline. */
  readonly head: string
}

/**
 * The manifest as text: an in-toto statement with the SHA-256 of each file, and the findings as test results. Passed
 * are findings that hold, failed those that do not; inconclusive ones, and negative answers to questions, are warnings.
 * It depends on nothing but the files, so that it can be derived again and compared.
 *
 * Sources: in-toto Statement v1, and its predicate test-result v0.1.
 */
export const manifestText = (files: RunFiles, { lines, head }: ChainEnd, summary: Summary): string =>
  statementText(
    subjectsOf(files).map((subject) =>
      subject.name === EVENT_LOG ? { ...subject, annotations: { lines, head } } : subject,
    ),
    summary,
    [{ name: `playbooks/${summary.playbook}.mjs` }],
  )

/**
 * The manifest of a report of several runs: its files, and the event log of each run with its SHA-256, so that the runs
 * can be verified.
 */
export const combinedManifestText = (files: RunFiles, runs: readonly NamedFiles[], summary: Summary): string =>
  statementText(
    subjectsOf(files),
    summary,
    runs.map((run) => ({ name: `${run.name}/${EVENT_LOG}`, digest: { sha256: digestOf(run.files, EVENT_LOG) } })),
  )

/** The files of a run, and its name. */
export interface NamedFiles {
  readonly name: string
  readonly files: RunFiles
}

/** A file in a manifest: a resource descriptor of in-toto. */
export interface ResourceDescriptor {
  readonly name: string
  readonly digest: { readonly sha256: string }
}

/** The files that a manifest lists: all but itself and its signature. */
export const subjectsOf = (files: RunFiles): ResourceDescriptor[] =>
  files.names
    .filter((name) => name !== MANIFEST && name !== SIGNATURE)
    .map((name) => ({ name, digest: { sha256: digestOf(files, name) } }))

function statementText(
  subject: readonly ResourceDescriptor[],
  summary: Summary,
  configuration: readonly { readonly name: string }[],
): string {
  const ids = (wanted: (finding: Summary['findings'][number]) => boolean): string[] =>
    summary.findings.filter(wanted).map(({ id }) => id)
  const failed = ids(({ holds, question = false }) => holds === false && !question)
  const warned = ids(({ holds, question = false }) => holds !== true && (holds === null || question))
  const statement = {
    _type: STATEMENT,
    subject,
    predicateType: TEST_RESULT,
    predicate: {
      result:
        summary.status === 'passed' && failed.length === 0 ? (warned.length === 0 ? 'PASSED' : 'WARNED') : 'FAILED',
      configuration,
      passedTests: ids(({ holds }) => holds === true),
      warnedTests: warned,
      failedTests: failed,
    },
  }
  return `${JSON.stringify(statement, null, 2)}\n`
}

function digestOf(files: RunFiles, name: string): string {
  const hash = createHash('sha256')
  for (const piece of files.read(name)) hash.update(piece)
  return hash.digest('hex')
}

/** The complete lines of an event log, and what follows the last newline. */
export function* logLines(files: RunFiles): Generator<{ readonly bytes: Buffer; readonly complete: boolean }> {
  const NEWLINE = 0x0a
  let parts: Buffer[] = []
  for (const piece of files.read(EVENT_LOG)) {
    let start = 0
    for (let end; (end = piece.indexOf(NEWLINE, start)) !== -1; start = end + 1) {
      yield { bytes: Buffer.concat([...parts, piece.subarray(start, end)]), complete: true }
      parts = []
    }
    parts.push(piece.subarray(start))
  }
  const rest = Buffer.concat(parts)
  if (rest.length > 0) yield { bytes: rest, complete: false }
}

/** Writes the manifest of a run's directory. @throws {EvidenceError} a file cannot be read, or the manifest written. */
export function writeManifest(directory: string, end: ChainEnd, summary: Summary): void {
  const path = join(directory, MANIFEST)
  const text = manifestText(directoryFiles(directory), end, summary)
  withFileErrors(`cannot write ${path}`, () => {
    replaceFileSync(path, text)
  })
}

/** The manifest as it was written. */
export const storedManifest = (files: RunFiles): string | undefined =>
  files.names.includes(MANIFEST) ? contentOfFile(files, MANIFEST).toString() : undefined
