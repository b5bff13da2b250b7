import { existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { EvidenceError } from '../evidence/index.ts'
import { cannotKeep } from '../evidence/folder.ts'
import { renderReport } from '../report/index.ts'
import { findBrowser, printPdf, PrintError } from '../report/pdf.ts'
import { LANGUAGES, wordsOf, type Language } from '../report/words/index.ts'
import { closest } from './suggest.ts'
import { UsageError } from './usage-error.ts'

const FORMATS = ['html', 'md', 'pdf', 'junit'] as const
type Format = (typeof FORMATS)[number]

const HELP = `Renders the report of a run again, from its journal.

Usage: npx zx playbooks/report.mjs [RUN] [options]

  RUN               a folder, or a name in runs/ (default: latest)

Options:
  --format FORMATS  html, md, pdf (needs Chromium), junit; several: html,pdf
                    (default: html,md)
  --lang LANGUAGE   en or ru: the report's own words; what hosts printed and what
                    playbooks named stays as it is (default: en)
  -h, --help        show this text

Examples:
  # the newest run, as a PDF in Russian
  npx zx playbooks/report.mjs --format pdf --lang ru
  # an older run, for a CI system
  npx zx playbooks/report.mjs 2026-11-21T04-30-00Z-site --format junit

Exit codes:
  0  the files are written; their names are printed
  1  an error: the command line, the run, no room
`

interface Asked {
  readonly run: string | undefined
  readonly formats: readonly Format[]
  readonly language: Language
}

/**
 * The command line of `playbooks/report.mjs`, from arguments to exit code.
 *
 * @param root - the project's folder, where `runs/` is.
 */
export async function report(argv: readonly string[], root: string): Promise<0 | 1> {
  try {
    const asked = parse(argv)
    if (asked === 'help') process.stdout.write(HELP)
    else
      for (const file of await write(folderOf(asked.run, path.join(root, 'runs')), asked))
        process.stdout.write(`${path.relative(process.cwd(), file)}\n`)
    return 0
  } catch (error) {
    if (![UsageError, EvidenceError, PrintError].some((type) => error instanceof type)) throw error
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  }
}

/** @throws {UsageError} the command line cannot be understood. */
function parse(argv: readonly string[]): Asked | 'help' {
  const { tokens } = parseArgs({
    args: [...argv],
    options: { format: { type: 'string' }, lang: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false, // so that our own messages name the option meant
    tokens: true,
  })
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return 'help'
  const runs = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
  let formats: readonly Format[] = ['html', 'md']
  let language: Language = 'en'
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    if (token.name === 'format')
      formats = valueOf(token, FORMATS)
        .split(',')
        .map((name) => oneOf('format', name.trim(), FORMATS))
    else if (token.name === 'lang') language = oneOf('lang', valueOf(token, LANGUAGES), LANGUAGES)
    else throw unknownOption(token.rawName, token.name)
  }
  if (runs.length > 1) throw new UsageError(`one run at a time, not ${runs.join(' and ')}`)
  return { run: runs[0], formats: [...new Set(formats)], language }
}

function unknownOption(raw: string, name: string): UsageError {
  const meant = closest(name, ['format', 'lang', 'help'])
  return new UsageError(
    `unknown option ${raw}${meant === undefined ? '; --help lists all' : ` (did you mean --${meant}?)`}`,
  )
}

function valueOf(
  { name, value }: { readonly name: string; readonly value?: string | undefined },
  choices: readonly string[],
): string {
  if (value === undefined || value === '' || value.startsWith('-'))
    throw new UsageError(`--${name} needs a value: ${choices.join(', ')}`)
  return value
}

function oneOf<T extends string>(option: string, given: string, choices: readonly T[]): T {
  const chosen = choices.find((choice) => choice === given)
  if (chosen !== undefined) return chosen
  const meant = closest(given, choices)
  throw new UsageError(
    `--${option} ${given}: there is no such ${option === 'lang' ? 'language' : 'format'}${
      meant === undefined ? '' : ` (did you mean ${meant}?)`
    }; one of: ${choices.join(', ')}`,
  )
}

/** The folder of a run: a path, or a name in `runs/`. @throws {UsageError} there is no such run. */
function folderOf(run: string | undefined, runs: string): string {
  if (run === undefined) {
    if (isRun(path.join(runs, 'latest'))) return path.join(runs, 'latest')
    throw new UsageError(`there is no run in ${runs} yet: run a playbook first, or name the folder of a run`)
  }
  const found = [path.join(runs, run), path.resolve(run)].find(isRun)
  if (found !== undefined) return found
  if (existsSync(run) && !existsSync(path.join(runs, run)))
    throw new UsageError(`${run} is no run: there is no events.jsonl in it`)
  const meant = closest(run, existsSync(runs) ? readdirSync(runs).filter((name) => !name.startsWith('.')) : [])
  throw new UsageError(`there is no run ${run} in ${runs}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`)
}

const isRun = (folder: string): boolean =>
  statSync(path.join(folder, 'events.jsonl'), { throwIfNoEntry: false })?.isFile() ?? false

async function write(folder: string, { formats, language }: Asked): Promise<string[]> {
  const pdf = formats.includes('pdf')
  const browser = pdf ? findBrowser() : undefined
  const pages = [
    ...(formats.includes('html') || pdf ? ['html' as const] : []),
    ...(formats.includes('md') ? ['md' as const] : []),
  ]
  const written: string[] = []
  if (pages.length > 0) {
    const { html, markdown } = await renderReport(folder, undefined, { language, formats: pages })
    if (formats.includes('html')) written.push(html)
    if (formats.includes('md')) written.push(markdown)
    if (browser !== undefined) {
      await printPdf(browser, html, path.join(folder, 'report.pdf'))
      written.push(path.join(folder, 'report.pdf'))
    }
  }
  if (formats.includes('junit')) {
    const { junitReport } = await import('../report/junit.ts')
    const file = path.join(folder, 'report.junit.xml')
    save(file, junitReport(folder, await wordsOf(language)))
    written.push(file)
  }
  return written
}

function save(file: string, text: string): void {
  try {
    writeFileSync(`${file}.part`, text)
    renameSync(`${file}.part`, file)
  } catch (error) {
    throw cannotKeep(`cannot write ${file}`, error)
  }
}
