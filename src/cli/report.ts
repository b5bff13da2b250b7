import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { EvidenceError } from '../evidence/index.ts'
import { replaceFileSync } from '../evidence/replace-file.ts'
import { fileError } from '../evidence/run-directory.ts'
import { renderReport } from '../report/index.ts'
import { findBrowser, printPdf, PrintError } from '../report/pdf.ts'
import { LANGUAGES, messagesOf, type Language } from '../report/messages/index.ts'
import { type OptionSpec, optionsSection, parseCommandLine, suggestion } from './command-line.ts'
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
  help: { short: 'h', help: 'show this help' },
} as const satisfies Readonly<Record<string, OptionSpec>>

const help = (): string => `Renders the report of a run again, from its event log.

Usage: npx zx playbooks/report.mjs [RUN] [options]

  RUN  a directory, or a name in runs/ (default: latest)

${optionsSection(OPTIONS)}

Examples:
  # the latest run, as a PDF in Russian
  npx zx playbooks/report.mjs --format pdf --lang ru
  # an older run, for a CI system
  npx zx playbooks/report.mjs 2026-11-21T04-30-00Z-site --format junit

Exit codes:
  0  success; the names of the written files are printed
  1  error: command line, run, or no disk space
`

interface ReportOptions {
  readonly run: string | undefined
  readonly formats: readonly Format[]
  readonly language: Language
}

/**
 * Runs `playbooks/report.mjs` from its command line.
 *
 * @param root - the project directory, with `runs/`.
 */
export async function report(argv: readonly string[], root: string): Promise<0 | 1> {
  try {
    const options = parse(argv)
    if (options === 'help') process.stdout.write(help())
    else
      for (const file of await write(runDirectory(options.run, path.join(root, 'runs')), options))
        process.stdout.write(`${path.relative(process.cwd(), file)}\n`)
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
  if (runs.length > 1) throw new UsageError(`only one run is allowed, not ${runs.join(' and ')}`)
  return { run: runs[0], formats: [...new Set(formats)], language }
}

function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const chosen = choices.find((choice) => choice === value)
  if (chosen !== undefined) return chosen
  const kind = option === 'lang' ? 'language' : 'format'
  throw new UsageError(
    `--${option} ${value}: unknown ${kind}${suggestion(value, choices)}; valid values: ${choices.join(', ')}`,
  )
}

/** The directory of a run: a path, or a name in `runs/`. @throws {UsageError} the run does not exist. */
function runDirectory(run: string | undefined, runs: string): string {
  if (run === undefined) {
    if (isRun(path.join(runs, 'latest'))) return path.join(runs, 'latest')
    throw new UsageError(`no runs in ${runs} yet: run a playbook first, or specify the directory of a run`)
  }
  const found = [path.join(runs, run), path.resolve(run)].find(isRun)
  if (found !== undefined) return found
  if (existsSync(run) && !existsSync(path.join(runs, run)))
    throw new UsageError(`${run} is not a run: it has no events.jsonl`)
  const names = existsSync(runs) ? readdirSync(runs).filter((name) => !name.startsWith('.')) : []
  throw new UsageError(`run "${run}" not found in ${runs}${suggestion(run, names)}`)
}

const isRun = (directory: string): boolean =>
  statSync(path.join(directory, 'events.jsonl'), { throwIfNoEntry: false })?.isFile() ?? false

async function write(directory: string, { formats, language }: ReportOptions): Promise<string[]> {
  const pdf = formats.includes('pdf')
  const browser = pdf ? findBrowser() : undefined
  const pages = [
    ...(formats.includes('html') || pdf ? ['html' as const] : []),
    ...(formats.includes('md') ? ['md' as const] : []),
  ]
  const written: string[] = []
  if (pages.length > 0) {
    const { html, markdown } = await renderReport(directory, undefined, { language, formats: pages })
    if (formats.includes('html')) written.push(html)
    if (formats.includes('md')) written.push(markdown)
    if (browser !== undefined) {
      await printPdf(browser, html, path.join(directory, 'report.pdf'))
      written.push(path.join(directory, 'report.pdf'))
    }
  }
  if (formats.includes('junit')) {
    const { junitReport } = await import('../report/junit.ts')
    const file = path.join(directory, 'report.junit.xml')
    save(file, junitReport(directory, await messagesOf(language)))
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
