import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { EvidenceError } from '../evidence/index.ts'
import { EVENT_LOG } from '../evidence/manifest.ts'
import { replaceFileBytesSync } from '../evidence/replace-file.ts'
import { withFileErrors } from '../evidence/run-directory.ts'
import { bundleFiles, bundleOf, contentOfFile, directoryFiles, type RunFiles } from '../evidence/run-files.ts'
import { checkSignature, type SignatureCheck } from '../evidence/signature.ts'
import { verifyFiles, type Verification } from '../evidence/verify.ts'
import { renderReport } from '../report/index.ts'
import { LANGUAGES } from '../report/messages/index.ts'
import { type OptionSpec, optionsSection, parseCommandLine } from './command-line.ts'
import { catalogueOf, type ReportProject } from './report-project.ts'
import { runDirectory } from './run-argument.ts'
import { UsageError } from './usage-error.ts'

const VERIFY_OPTIONS = {
  'allowed-signers': {
    value: 'FILE',
    help: 'who may sign runs, as for ssh-keygen -Y verify: NAME KEYTYPE KEY per line',
  },
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const verifyHelp =
  (): string => `Verifies that the files of a run are those that it wrote. Needs no network and no hosts.

Usage: npx zx playbooks/report.mjs verify [RUN | BUNDLE.zip] [options]

${optionsSection(VERIFY_OPTIONS)}

Exit codes:
  0  intact
  1  error: command line, or files that cannot be read
  2  not intact; the first line or file that is not is named
  3  incomplete: what is there is intact, but the run was killed, or its
     manifest is missing
`

const EXIT_CODES = { intact: 0, changed: 2, incomplete: 3 } as const

/** `report.mjs verify`. @returns the exit code. @throws {UsageError | EvidenceError} */
export async function verifyCommand(argv: readonly string[], runs: string, project: ReportProject): Promise<number> {
  const parsed = parseCommandLine<keyof typeof VERIFY_OPTIONS>(argv, VERIFY_OPTIONS)
  if (parsed === 'help') {
    process.stdout.write(verifyHelp())
    return 0
  }
  const { all, positionals } = parsed
  if (positionals.length > 1) throw new UsageError(`only one run is allowed, not ${positionals.join(' and ')}`)
  const files = filesOf(positionals[0], runs)
  const found = verifyFiles(files)
  const problems = [...found.problems, ...(found.status === 'intact' ? await reportProblems(files, project) : [])]
  const signature = checkSignature(files, all('allowed-signers').at(-1))
  if (signature.status === 'invalid') problems.push(`signature: ${signature.why}`)
  const status = problems.length > 0 && found.status !== 'incomplete' ? 'changed' : found.status
  process.stdout.write(verdictText({ ...found, status, problems }, signature))
  return EXIT_CODES[signature.status === 'invalid' ? 'changed' : status]
}

/** The files of a run, named as on the command line. @throws {UsageError | EvidenceError} */
export function filesOf(run: string | undefined, runs: string): RunFiles {
  return run?.endsWith('.zip') === true ? bundleFiles(run) : directoryFiles(realpathSync(runDirectory(run, runs)))
}

function verdictText({ status, problems, lines, findings, files }: Verification, signature: SignatureCheck): string {
  const counts = `${lines} events, ${findings} findings with their exhibits, ${files} files`
  const verdict = { intact: `intact: ${counts}`, changed: 'NOT intact', incomplete: `incomplete: ${counts} are intact` }
  return `${[verdict[status], ...problems.map((problem) => `  ${problem}`), signatureText(signature)].join('\n')}\n`
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

/** Whether the reports are what the event log renders to, in the language that they have. */
async function reportProblems(files: RunFiles, project: ReportProject): Promise<string[]> {
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
    return left.map((name) => `${name} is not what ${EVENT_LOG} renders to with this version of Labbook`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const BUNDLE_OPTIONS = {
  output: { short: 'o', value: 'FILE', help: 'the file to write (default: RUN.zip in the working directory)' },
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const bundleHelp = (): string => `Writes all files of a run into one zip file, to hand in.

Usage: npx zx playbooks/report.mjs bundle [RUN] [options]

${optionsSection(BUNDLE_OPTIONS)}
`

/** `report.mjs bundle`. @returns the exit code. @throws {UsageError | EvidenceError} */
export function bundleCommand(argv: readonly string[], runs: string): number {
  const parsed = parseCommandLine<keyof typeof BUNDLE_OPTIONS>(argv, BUNDLE_OPTIONS)
  if (parsed === 'help') {
    process.stdout.write(bundleHelp())
    return 0
  }
  const { all, positionals } = parsed
  if (positionals.length > 1) throw new UsageError(`only one run is allowed, not ${positionals.join(' and ')}`)
  const directory = realpathSync(runDirectory(positionals[0], runs))
  const files = directoryFiles(directory)
  const { status, problems } = verifyFiles(files)
  if (status === 'changed')
    throw new EvidenceError(`${directory} is not intact, so it is not bundled: ${problems.join('; ')}`)
  const name = path.basename(directory)
  const output = path.resolve(all('output').at(-1) ?? `${name}.zip`)
  withFileErrors(`cannot write ${output}`, () => {
    replaceFileBytesSync(output, bundleOf(files, name))
  })
  process.stdout.write(`${path.relative(process.cwd(), output)}\n`)
  return 0
}
