import { realpathSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { EvidenceError } from '../evidence/index.ts'
import { combinedManifestText, MANIFEST, SIGNATURE } from '../evidence/manifest.ts'
import { startAndSummary } from '../evidence/files-summary.ts'
import { replaceFileSync } from '../evidence/replace-file.ts'
import { fileError, PRIVATE_DIRECTORY } from '../evidence/run-directory.ts'
import { directoryFiles } from '../evidence/run-files.ts'
import { SIGNATURE_NAMESPACE } from '../evidence/signature.ts'
import { renewManifest, verifyFiles } from '../evidence/verify.ts'
import { renderReport } from '../report/index.ts'
import { mergeSummaries } from '../report/merge-runs.ts'
import { findBrowser, printPdf, PrintError } from '../report/pdf.ts'
import { LANGUAGES, messagesOf, withCatalogue, type Language } from '../report/messages/index.ts'
import { type OptionSpec, optionsSection, parseCommandLine, suggestion } from './command-line.ts'
import { catalogueOf, type ReportProject } from './report-project.ts'
import { runDirectory } from './run-argument.ts'
import { UsageError } from './usage-error.ts'

const FORMATS = ['html', 'md', 'pdf', 'junit'] as const
type Format = (typeof FORMATS)[number]

const OPTIONS = {
  format: {
    value: 'FORMATS',
    choices: FORMATS,
    help: 'html, md, pdf (needs Chromium), junit; or several: html,pdf (default: html,md)',
  },
  lang: {
    value: 'LANGUAGE',
    choices: LANGUAGES,
    help: "en or ru: language of the report's own text; output and names are not translated (default: en)",
  },
  output: {
    value: 'DIRECTORY',
    help: 'where to write a report of several runs (default: runs/combined)',
  },
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const help = (command: string): string => `Renders the report of a run again, from its event log.

Usage: ${command} [RUN ...] [options]
       ${command} verify | bundle | list | diff | reproduce ... (--help for each)

  RUN  a directory, or a name in runs/ (default: latest). Several runs make one report; of findings with the same id,
       that of the newest run is shown.

${optionsSection(OPTIONS)}

Commands:
  verify [RUN | BUNDLE.zip]  whether the files of a run are those that it wrote
  bundle [RUN]               one zip file with all of them, to hand in
  list                       all runs
  diff RUN RUN               what changed between two runs
  reproduce RUN              run the same playbook on your hosts, and compare the findings

Examples:
  # the latest run, as a PDF in Russian
  ${command} --format pdf --lang ru
  # one report of two runs
  ${command} 2026-11-21T04-30-00Z-full 2026-11-21T05-10-00Z-redis --format html,pdf
  # an older run, for a CI system
  ${command} 2026-11-21T04-30-00Z-site --format junit

Exit codes:
  0  success; the names of the written files are printed
  1  error: command line, run, or no disk space
`

interface ReportOptions {
  readonly runs: readonly string[]
  readonly output: string | undefined
  readonly formats: readonly Format[]
  readonly language: Language
}

type Command = (
  argv: readonly string[],
  runs: string,
  command: string,
  project: ReportProject,
) => number | Promise<number>

/** Each is loaded when it is called. */
const COMMANDS: Readonly<Record<string, Command>> = {
  verify: async (...args) => (await import('./report-verify.ts')).verifyCommand(...args),
  bundle: async (argv, runs, command) => (await import('./report-verify.ts')).bundleCommand(argv, runs, command),
  list: async (argv, runs, command) => (await import('./report-history.ts')).listCommand(argv, runs, command),
  diff: async (argv, runs, command) => (await import('./report-history.ts')).diffCommand(argv, runs, command),
  reproduce: async (argv, runs, command, project) =>
    (await import('./report-reproduce.ts')).reproduceCommand(argv, runs, command, project),
}

/**
 * Runs `playbooks/report.mjs`, or `labbook report`, from its command line.
 *
 * @param root - the project directory, with `runs/`.
 * @param command - how it was started, for its help.
 * @param project - whose runs are rendered.
 */
export async function report(
  argv: readonly string[],
  root: string,
  command = 'npx zx playbooks/report.mjs',
  project: ReportProject = {},
): Promise<number> {
  try {
    const name = argv[0] ?? ''
    const subcommand = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (subcommand !== undefined) return await subcommand(argv.slice(1), path.join(root, 'runs'), command, project)
    const options = parse(argv)
    if (options === 'help') process.stdout.write(help(command))
    else
      for (const line of await writeAndRenew(await sourceOf(options, path.join(root, 'runs')), options, project))
        process.stdout.write(`${line}\n`)
    return 0
  } catch (error) {
    if (![UsageError, EvidenceError, PrintError].some((type) => error instanceof type)) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  }
}

/** @throws {UsageError} the command line is invalid. */
function parse(argv: readonly string[]): ReportOptions | 'help' {
  const parsed = parseCommandLine<keyof typeof OPTIONS>(argv, OPTIONS)
  if (parsed === 'help') return 'help'
  const { all, positionals: runs } = parsed
  const formats = (all('format').at(-1) ?? 'html,md').split(',').map((name) => oneOf('format', name.trim(), FORMATS))
  const language = oneOf('lang', all('lang').at(-1) ?? 'en', LANGUAGES)
  const output = all('output').at(-1)
  if (runs.length < 2 && output !== undefined)
    throw new UsageError('--output is only for a report of several runs; that of one run is written to its directory')
  if (runs.length > 1 && formats.includes('junit')) throw new UsageError('--format junit takes one run, not several')
  return { runs, output, formats: [...new Set(formats)], language }
}

function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const chosen = choices.find((choice) => choice === value)
  if (chosen !== undefined) return chosen
  const kind = option === 'lang' ? 'language' : 'format'
  throw new UsageError(
    `--${option} ${value}: unknown ${kind}${suggestion(value, choices)}; valid values: ${choices.join(', ')}`,
  )
}

/** Where to write, and the directories of the runs. */
interface Source {
  readonly directory: string
  readonly runs: readonly string[]
}

async function sourceOf({ runs: names, output }: ReportOptions, root: string): Promise<Source> {
  const directories =
    names.length === 0 ? [runDirectory(undefined, root)] : names.map((name) => runDirectory(name, root))
  const runs = [...new Map(directories.map((directory) => [realpathSync(directory), directory])).values()]
  const [only] = runs
  if (runs.length === 1 && only !== undefined) return { directory: only, runs }
  const directory = path.resolve(output ?? path.join(root, 'combined'))
  try {
    await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY })
  } catch (error) {
    throw fileError(`cannot create ${directory}`, error)
  }
  return { directory, runs }
}

/**
 * Writes the reports, and lists them in the manifest of an intact run.
 *
 * @returns lines for the user: the names of the files.
 */
async function writeAndRenew(source: Source, options: ReportOptions, project: ReportProject): Promise<string[]> {
  const { directory } = source
  const isRun = source.runs[0] === directory
  const status = isRun ? verifyFiles(directoryFiles(realpathSync(directory))).status : undefined
  const written = await write(source, options, project)
  const lines = written.map((file) => path.relative(process.cwd(), file))
  if (!isRun) writeCombinedManifest(source)
  if (status !== 'intact' || !renewManifest(realpathSync(directory))) return lines
  const manifest = path.relative(process.cwd(), path.join(directory, MANIFEST))
  return [
    ...lines,
    `the signature of the run was removed, as its files changed. Sign it again: ssh-keygen -Y sign -n ${SIGNATURE_NAMESPACE} -f KEY ${manifest}`,
  ]
}

/** Lists the files of a report of several runs, and the runs. */
function writeCombinedManifest({ directory, runs }: Source): void {
  const named = runs.map((run) => ({
    name: path.basename(realpathSync(run)),
    files: directoryFiles(realpathSync(run)),
  }))
  const summaries = named.map(({ files }) => startAndSummary(files).summary)
  // The newest finding of an id is that of the last.
  const summary = mergeSummaries(summaries.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt)))
  save(path.join(directory, MANIFEST), combinedManifestText(directoryFiles(directory), named, summary))
  rmSync(path.join(directory, SIGNATURE), { force: true })
}

async function write(
  { directory, runs }: Source,
  { formats, language }: ReportOptions,
  project: ReportProject,
): Promise<string[]> {
  const pdf = formats.includes('pdf')
  const browser = pdf ? findBrowser() : undefined
  const pages = [
    ...(formats.includes('html') || pdf ? ['html' as const] : []),
    ...(formats.includes('md') ? ['md' as const] : []),
  ]
  const written: string[] = []
  if (pages.length > 0) {
    const { questions = [] } = project
    const catalogue = await catalogueOf(project, language)
    const options = { language, formats: pages, runs, questions, catalogue }
    const { html, evidence, markdown } = await renderReport(directory, undefined, options)
    if (formats.includes('html')) written.push(html, evidence)
    if (formats.includes('md')) written.push(markdown)
    if (browser !== undefined) {
      await printPdf(browser, html, path.join(directory, 'report.pdf'))
      written.push(path.join(directory, 'report.pdf'))
    }
  }
  if (formats.includes('junit')) {
    const { junitReport } = await import('../report/junit.ts')
    const file = path.join(directory, 'report.junit.xml')
    save(file, junitReport(directory, withCatalogue(await messagesOf(language), await catalogueOf(project, language))))
    written.push(file)
  }
  return written
}

function save(file: string, text: string): void {
  try {
    replaceFileSync(file, text)
  } catch (error) {
    throw fileError(`cannot write ${file}`, error)
  }
}
