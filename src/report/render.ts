import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../evidence/replace-file.ts'
import { fileError, PRIVATE_DIRECTORY } from '../evidence/run-directory.ts'
import { readEventLog } from '../evidence/read-event-log.ts'
import { SummaryFold, type Summary } from '../evidence/summary.ts'
import type { DataFile } from './data-files.ts'
import { ReportDataFold, type ReportData } from './report-data.ts'
import { markdownPage } from './page-markdown.ts'
import { htmlPage } from './page.ts'
import { reportStyle } from './style.ts'
import { viewOf, type Drawing } from './view.ts'
import { messagesOf, type Language, type Messages } from './messages/index.ts'

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
}

/**
 * Renders `report.md`, `report.html`, the images under `img/` and the data files under `data/` of a run.
 *
 * @param directory - the run directory, with `events.jsonl`.
 * @param runData - collected during the run. Without it the event log is read, in constant memory.
 * @returns the paths of the two reports.
 * @throws {EvidenceError} if the event log is missing or damaged, or the report cannot be written.
 */
export async function renderReport(
  directory: string,
  runData?: RunData,
  { language = 'en', formats = ['html', 'md'] }: ReportOptions = {},
): Promise<{ markdown: string; html: string }> {
  const messages = await messagesOf(language)
  const { summary, facts } = runData ?? readAll(join(directory, 'events.jsonl'), messages)
  const view = viewOf(summary, facts, await drawingFor(facts), messages)
  const paths = { markdown: join(directory, 'report.md'), html: join(directory, 'report.html') }
  try {
    if (view.exhibits.length > 0) await mkdir(join(directory, 'img'), { recursive: true, mode: PRIVATE_DIRECTORY })
    for (const { slug, svg } of view.exhibits) await replaceFile(join(directory, 'img', `${slug}.svg`), svg)
    await writeData(
      directory,
      view.exhibits.flatMap(({ data }) => data),
    )
    if (formats.includes('md')) await replaceFile(paths.markdown, markdownPage(view))
    if (formats.includes('html')) await replaceFile(paths.html, htmlPage(view, reportStyle()))
  } catch (error) {
    throw fileError(`cannot write the report to ${directory}`, error)
  }
  return paths
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

function readAll(eventLog: string, messages: Messages): RunData {
  const summary = new SummaryFold()
  const facts = new ReportDataFold(messages)
  for (const event of readEventLog(eventLog)) {
    summary.add(event)
    facts.add(event)
  }
  return { summary: summary.summary(), facts: facts.data }
}

/** Loads only the libraries that this report needs. */
async function drawingFor({ exhibits, plays }: ReportData): Promise<Drawing> {
  const hasDiff = [...plays.values()].some(({ hosts }) =>
    [...hosts.values()].some(({ details }) =>
      details.some(({ changes }) => changes.some(({ diff }) => diff !== undefined)),
    ),
  )
  const hasChart = [...exhibits.values()].some(({ chart }) => chart !== undefined)
  const drawTerminal = exhibits.size > 0 ? (await import('./terminal-svg.ts')).drawTerminal : unused
  const diffLines = hasDiff ? (await import('./diff.ts')).diffLines : unused
  const drawChart = hasChart ? (await import('./chart.ts')).drawChart : unused
  return { drawTerminal: drawTerminal, diffLines, drawChart }
}

const unused = (): never => {
  throw new Error('drawing library not loaded')
}
