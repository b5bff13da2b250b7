import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { EvidenceError } from '../evidence/index.ts'
import { EVENT_LOG, MANIFEST, type ResourceDescriptor } from '../evidence/manifest.ts'
import { startAndSummary } from '../evidence/files-summary.ts'
import { replaceFileSync } from '../evidence/replace-file.ts'
import { withFileErrors } from '../evidence/run-directory.ts'
import { bundleFiles, bundleOf, contentOfFile, directoryFiles, type RunFiles } from '../evidence/run-files.ts'
import { checkSignature, type SignatureCheck } from '../evidence/signature.ts'
import { combinedRuns, verifyFiles, type Verification } from '../evidence/verify.ts'
import { renderReport } from '../report/index.ts'
import { LANGUAGES } from '../report/messages/index.ts'
import { type OptionSpec, optionsSection, parseCommandLine } from './command-line.ts'
import { catalogueOf, type ReportProject } from './report-project.ts'
import { labbookVersion } from './labbook-version.ts'
import { runDirectory } from './run-argument.ts'
import { UsageError } from './usage-error.ts'

const VERIFY_OPTIONS = {
  'allowed-signers': {
    value: 'FILE',
    help: 'who may sign runs, as for ssh-keygen -Y verify: NAME KEYTYPE KEY per line',
  },
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const verifyHelp = (
  command: string,
): string => `Verifies that the files of a run are those that it wrote. Needs no network and no hosts.

Usage: ${command} verify [RUN | BUNDLE.zip] [options]

${optionsSection(VERIFY_OPTIONS)}

Exit codes:
  0  intact
  1  error: command line, or files that cannot be read
  2  not intact; the first line or file that is not is named
  3  incomplete: what is there is intact, but the run was killed, or its
     manifest is missing
  4  not verifiable: a Labbook without hashes wrote the event log
  5  the files are intact, but another version of Labbook rendered the report:
     verify with that version, or render the report again
`

const EXIT_CODES = { intact: 0, changed: 2, incomplete: 3, unchained: 4, 'other-version': 5 } as const
type Status = keyof typeof EXIT_CODES

/** `report.mjs verify`. @returns the exit code. @throws {UsageError | EvidenceError} */
export async function verifyCommand(
  argv: readonly string[],
  runs: string,
  command: string,
  project: ReportProject,
): Promise<number> {
  const parsed = parseCommandLine<keyof typeof VERIFY_OPTIONS>(argv, VERIFY_OPTIONS)
  if (parsed === 'help') {
    process.stdout.write(verifyHelp(command))
    return 0
  }
  const { all, positionals } = parsed
  if (positionals.length > 1) throw new UsageError(`only one run is allowed, not ${positionals.join(' and ')}`)
  const files = filesOf(positionals[0], runs)
  const found = verifyFiles(files)
  const runsOfReport = combinedRuns(files)
  const rendered = found.status === 'intact' && runsOfReport.length === 0 ? await reportProblems(files, project) : []
  const signature = checkSignature(files, all('allowed-signers').at(-1))
  const problems = [
    ...found.problems,
    ...rendered.map(({ problem }) => problem),
    ...(signature.status === 'invalid' ? [`signature: ${signature.why}`] : []),
  ]
  const status: Status =
    rendered.length === 0
      ? found.status
      : rendered.every(({ otherVersion }) => otherVersion)
        ? 'other-version'
        : 'changed'
  process.stdout.write(verdictText({ ...found, status, problems }, signature, runsOfReport))
  return EXIT_CODES[signature.status === 'invalid' ? 'changed' : status]
}

/** The files of a run, named as on the command line. @throws {UsageError | EvidenceError} */
export function filesOf(run: string | undefined, runs: string): RunFiles {
  if (run?.endsWith('.zip') === true) return bundleFiles(run)
  // A report of several runs has a manifest, but no event log.
  const combined = [path.join(runs, run ?? ''), path.resolve(run ?? '')].find(
    (directory) => run !== undefined && existsSync(path.join(directory, MANIFEST)),
  )
  return directoryFiles(realpathSync(combined ?? runDirectory(run, runs)))
}

function verdictText(
  { status, problems, lines, findings, files }: Omit<Verification, 'status'> & { readonly status: Status },
  signature: SignatureCheck,
  runsOfReport: readonly ResourceDescriptor[],
): string {
  const counts =
    runsOfReport.length > 0
      ? `${files} files of a report of several runs`
      : `${lines} events, ${findings} findings with their exhibits, ${files} files`
  const verdict: Readonly<Record<Status, string>> = {
    intact: `intact: ${counts}`,
    changed: 'NOT intact',
    incomplete: `incomplete: ${counts} are intact`,
    unchained: 'not verifiable',
    'other-version': `files intact, report of another version: ${counts}`,
  }
  const runLines = runsOfReport.map(
    ({ name, digest }) => `  made of ${name} (sha256 ${digest.sha256.slice(0, 12)}): verify that run, too`,
  )
  return `${[verdict[status], ...problems.map((problem) => `  ${problem}`), ...runLines, signatureText(signature)].join('\n')}\n`
}

function signatureText(signature: SignatureCheck): string {
  switch (signature.status) {
    case 'unsigned':
      return 'not signed: who can write these files could have replaced all of them. Set report_signing_key to sign runs'
    case 'invalid':
      return 'signature: not valid'
    case 'valid':
      return signature.signer === undefined
        ? `signed with the ${signature.key}; whose it is, --allowed-signers tells`
        : `signed by ${signature.signer} with the ${signature.key}`
  }
}

interface ReportProblem {
  readonly problem: string
  /** The run is of another version of Labbook, which may render another report. */
  readonly otherVersion: boolean
}

/** Whether the reports are what the event log renders to, in the language that they have. */
async function reportProblems(files: RunFiles, project: ReportProject): Promise<ReportProblem[]> {
  const reports = files.names.filter((name) => ['report.html', 'evidence.html', 'report.md'].includes(name))
  if (reports.length === 0) return []
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-verify-'))
  try {
    writeFileSync(path.join(folder, EVENT_LOG), contentOfFile(files, EVENT_LOG), { mode: 0o600 })
    let left = reports
    for (const language of LANGUAGES) {
      if (left.length === 0) break
      await renderReport(folder, undefined, { language, catalogue: await catalogueOf(project, language) })
      const rendered = directoryFiles(folder)
      left = left.filter((name) => !contentOfFile(rendered, name).equals(contentOfFile(files, name)))
    }
    const { version } = startAndSummary(files).start
    const here = labbookVersion()
    return left.map((name) =>
      version === here
        ? { problem: `${name} is not what ${EVENT_LOG} renders to with this version of Labbook`, otherVersion: false }
        : {
            problem: `${name} is not what ${EVENT_LOG} renders to with Labbook ${here}; the run is of Labbook ${version}`,
            otherVersion: true,
          },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const BUNDLE_OPTIONS = {
  output: { short: 'o', value: 'FILE', help: 'the file to write (default: RUN.zip in the working directory)' },
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const bundleHelp = (command: string): string => `Writes all files of a run into one zip file, to hand in.

Usage: ${command} bundle [RUN] [options]

${optionsSection(BUNDLE_OPTIONS)}
`

/** `report.mjs bundle`. @returns the exit code. @throws {UsageError | EvidenceError} */
export function bundleCommand(argv: readonly string[], runs: string, command: string): number {
  const parsed = parseCommandLine<keyof typeof BUNDLE_OPTIONS>(argv, BUNDLE_OPTIONS)
  if (parsed === 'help') {
    process.stdout.write(bundleHelp(command))
    return 0
  }
  const { all, positionals } = parsed
  if (positionals.length > 1) throw new UsageError(`only one run is allowed, not ${positionals.join(' and ')}`)
  const directory = realpathSync(runDirectory(positionals[0], runs))
  const files = directoryFiles(directory)
  const { status, problems } = verifyFiles(files)
  if (status === 'changed')
    throw new EvidenceError(`${directory} is not intact, so it is not bundled: ${problems.join('; ')}`)
  if (status !== 'intact')
    process.stderr.write(
      `${directory}: ${status === 'incomplete' ? 'incomplete' : 'not verifiable'}: ${problems.join('; ')}\n`,
    )
  const name = path.basename(directory)
  const output = path.resolve(all('output').at(-1) ?? `${name}.zip`)
  withFileErrors(`cannot write ${output}`, () => {
    replaceFileSync(output, bundleOf(files, name))
  })
  process.stdout.write(`${path.relative(process.cwd(), output)}\n`)
  return 0
}
