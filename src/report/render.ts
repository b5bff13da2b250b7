import { existsSync, realpathSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { RunEvent } from '../events/events.ts'
import type { ReportQuestion } from '../events/report-questions.ts'
import { replaceFile } from '../evidence/replace-file.ts'
import { fileError, PRIVATE_DIRECTORY } from '../evidence/run-directory.ts'
import { readEventLog } from '../evidence/read-event-log.ts'
import { SummaryFold, type Summary } from '../evidence/summary.ts'
import type { DataFile } from './data-files.ts'
import { ReportDataFold, type ReportData } from './report-data.ts'
import { markdownPage } from './page-markdown.ts'
import { mergeRuns, mergeSummaries } from './merge-runs.ts'
import { htmlPage } from './page.ts'
import { evidencePage } from './page-annex.ts'
import { EVIDENCE_FILE, type Picture } from './page-document.ts'
import { reportStyle } from './style.ts'
import { translatedExhibit } from './translate.ts'
import { viewOf, type Drawing, type View } from './view.ts'
import { messagesOf, withCatalogue, type Catalogue, type Language, type Messages } from './messages/index.ts'

/** Everything a report is rendered from. */
interface RunData {
  readonly summary: Summary
  readonly facts: ReportData
}

export interface ReportOptions {
  /** Default English. Output of hosts and names from playbooks are not translated. */
  readonly language?: Language
  /** Default: both. */
  readonly formats?: readonly ('html' | 'md')[]
  /** The run directories of a report of several runs, the oldest first. Default: the directory itself. */
  readonly runs?: readonly string[]
  /** Translations of the texts of findings, of the project that made the runs. */
  readonly catalogue?: Catalogue
  /** For event logs of older versions: questions with sections. */
  readonly questions?: readonly ReportQuestion[]
}

/** Rows of a terminal in the report. */
const PICTURE_ROWS = 13
/** Sizes that fit beside the text, beside another picture, and below the text. */
const BESIDE_TEXT = { columns: 84, rows: PICTURE_ROWS }
const BESIDE_PICTURE = { columns: 66, rows: PICTURE_ROWS }
const BELOW = { columns: 100, rows: PICTURE_ROWS }

/**
 * Renders `report.md`, `report.html`, `evidence.html`, the images under `img/` and the data files under `data/`.
 *
 * @param directory - where to write. Without `runs`, the run directory, with `events.jsonl`.
 * @param runData - collected during the run. Without it the event log is read, in constant memory.
 * @returns the paths of the reports.
 * @throws {EvidenceError} if the event log is missing or damaged, or the report cannot be written.
 */
export async function renderReport(
  directory: string,
  runData?: RunData,
  { language = 'en', formats = ['html', 'md'], runs = [directory], questions = [], catalogue = {} }: ReportOptions = {},
): Promise<{ markdown: string; html: string; evidence: string }> {
  const messages = withCatalogue(await messagesOf(language), catalogue)
  const { summary, facts } = runData ?? readAll(runs, messages)
  askQuestions(facts, questions)
  const drawing = await drawingFor(facts)
  const view = viewOf(summary, facts, drawing, messages)
  const paths = {
    markdown: join(directory, 'report.md'),
    html: join(directory, 'report.html'),
    evidence: join(directory, EVIDENCE_FILE),
  }
  const style = formats.includes('html') ? reportStyle() : ''
  try {
    if (view.exhibits.length > 0) await mkdir(join(directory, 'img'), { recursive: true, mode: PRIVATE_DIRECTORY })
    for (const { slug, svg, cast } of view.exhibits) {
      await replaceFile(join(directory, 'img', `${slug}.svg`), svg)
      if (cast !== undefined) await replaceFile(join(directory, 'img', `${slug}.cast`), cast)
    }
    await writeData(
      directory,
      view.exhibits.flatMap(({ data }) => data),
    )
    if (formats.includes('md')) await replaceFile(paths.markdown, markdownPage(view))
    if (formats.includes('html')) {
      await replaceFile(paths.html, htmlPage(view, facts, pictureOf(view, facts, drawing), style))
      await replaceFile(paths.evidence, evidencePage(view, style))
    }
  } catch (error) {
    throw fileError(`cannot write the report to ${directory}`, error)
  }
  return paths
}

/** Draws an exhibit for the report, where possible so small that it fits beside the answer or another picture. */
const pictureOf =
  ({ exhibits, messages }: View, facts: ReportData, { drawTerminal, fittingSize, drawCompactChart }: Drawing) =>
  (id: string, isAlone: boolean): Picture | undefined => {
    const [shown, recorded] = [exhibits.find((one) => one.id === id), facts.exhibits.get(id)]
    if (shown === undefined || recorded === undefined) return undefined
    const exhibit = translatedExhibit(recorded, messages)
    const picture = { id, slug: shown.slug, title: shown.title, host: shown.host }
    if (shown.image === true) return { ...picture, isNarrow: true, svg: shown.svg }
    if (exhibit.chart !== undefined && shown.chart?.problem === undefined)
      return { ...picture, isNarrow: true, svg: drawCompactChart(exhibit.chart, shown.slug, messages) }
    const narrow = isAlone ? BESIDE_TEXT : BESIDE_PICTURE
    // What is cut at any size gets the page's width, unless another picture stands beside it.
    const size = fittingSize(exhibit, [narrow, BELOW], messages) ?? (isAlone ? BELOW : narrow)
    return { ...picture, isNarrow: size === narrow, svg: drawTerminal(exhibit, shown.slug, messages, size) }
  }

/** Questions with sections replace those of event logs of older versions, which have none. */
function askQuestions(facts: ReportData, questions: readonly ReportQuestion[]): void {
  const { start } = facts
  if (start === undefined || questions.length === 0) return
  if (start.questions?.some(({ section }) => section !== undefined)) return
  facts.start = { ...start, questions }
}

/** Keeps longer existing files: the event log truncates long texts, the report at the end of a run has them all. */
async function writeData(directory: string, files: readonly DataFile[]): Promise<void> {
  for (const { file, text, bytes } of files) {
    const path = join(directory, file)
    const existingBytes = (await stat(path).catch(() => undefined))?.size ?? 0
    if (text === undefined || existingBytes > bytes) continue
    await mkdir(join(directory, 'data'), { recursive: true, mode: PRIVATE_DIRECTORY })
    await replaceFile(path, text)
  }
}

/** Reads event logs, the oldest run first. */
function readAll(directories: readonly string[], messages: Messages): RunData {
  const facts = new ReportDataFold(messages)
  const runs = directories
    .map((directory) => ({
      name: nameOf(directory),
      log: join(directory, 'events.jsonl'),
      summary: new SummaryFold(),
    }))
    .map((run) => ({ ...run, startedAt: directories.length > 1 ? startOf(run.log) : '' }))
    .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0))
  const read = function* (log: string, summary: SummaryFold): Generator<RunEvent> {
    for (const event of readEventLog(log)) {
      summary.add(event)
      yield event
    }
  }
  for (const event of mergeRuns(runs.map(({ name, log, summary }) => ({ name, events: read(log, summary) }))))
    facts.add(event)
  // One run has the same report wherever its event log is: its directory's name is not in it.
  if (runs.length > 1) facts.data.runNames = runs.map(({ name }) => name)
  return { summary: mergeSummaries(runs.map(({ summary }) => summary.summary())), facts: facts.data }
}

/** The name of a run's directory; of `latest`, that of the run it links to. */
const nameOf = (directory: string): string =>
  basename(existsSync(directory) ? realpathSync(directory) : resolve(directory))

function startOf(log: string): string {
  for (const { time } of readEventLog(log)) return time
  return ''
}

/** Loads only the libraries that this report needs. */
async function drawingFor({ exhibits, plays }: ReportData): Promise<Drawing> {
  const hasDiff = [...plays.values()].some(({ hosts }) =>
    [...hosts.values()].some(({ details }) =>
      details.some(({ changes }) => changes.some(({ diff }) => diff !== undefined)),
    ),
  )
  const hasChart = [...exhibits.values()].some(({ chart }) => chart !== undefined)
  const terminal = exhibits.size > 0 ? await import('./terminal-svg.ts') : undefined
  const diffLines = hasDiff ? (await import('./diff.ts')).diffLines : unused
  const chart = hasChart ? await import('./chart.ts') : undefined
  return {
    drawTerminal: terminal?.drawTerminal ?? unused,
    fittingSize: terminal?.fittingSize ?? unused,
    diffLines,
    drawChart: chart?.drawChart ?? unused,
    drawCompactChart: chart?.drawCompactChart ?? unused,
  }
}

const unused = (): never => {
  throw new Error('drawing library not loaded')
}
