import { readFileSync } from 'node:fs'
import { mkdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cannotKeep } from '../evidence/folder.ts'
import { readJournal } from '../evidence/read.ts'
import { SummaryFold, type Summary } from '../evidence/summary.ts'
import type { DataFile } from './data.ts'
import { FactsFold, type Facts } from './facts.ts'
import { markdownPage } from './page-markdown.ts'
import { htmlPage } from './page.ts'
import { viewOf, type Drawing } from './view.ts'
import { wordsOf, type Language, type Words } from './words/index.ts'

/** What a report is made of. */
interface Known {
  readonly summary: Summary
  readonly facts: Facts
}

export interface ReportOptions {
  /** Default English. What hosts printed and what playbooks named stays as it is. */
  readonly language?: Language
  /** Default both. */
  readonly formats?: readonly ('html' | 'md')[]
}

/**
 * Renders `report.md`, `report.html`, the pictures under `img/` and the numbers under `data/` of a run.
 *
 * @param folder - of the run, with `events.jsonl` in it.
 * @param known - what has been gathered while the run went on. Without it the journal is read, so that an old run can
 *   be
 * rendered again, and in memory that does not grow with it.
 * @returns the paths of the two reports.
 * @throws {EvidenceError} when the journal is missing or damaged, or the report cannot be written.
 */
export async function renderReport(
  folder: string,
  known?: Known,
  { language = 'en', formats = ['html', 'md'] }: ReportOptions = {},
): Promise<{ markdown: string; html: string }> {
  const words = await wordsOf(language)
  const { summary, facts } = known ?? readAll(join(folder, 'events.jsonl'), words)
  const view = viewOf(summary, facts, await drawingFor(facts), words)
  const paths = { markdown: join(folder, 'report.md'), html: join(folder, 'report.html') }
  try {
    if (view.exhibits.length > 0) await mkdir(join(folder, 'img'), { recursive: true })
    for (const { slug, svg } of view.exhibits) await replace(join(folder, 'img', `${slug}.svg`), svg)
    await writeData(
      folder,
      view.exhibits.flatMap(({ data }) => data),
    )
    if (formats.includes('md')) await replace(paths.markdown, markdownPage(view))
    if (formats.includes('html')) await replace(paths.html, htmlPage(view, style()))
  } catch (error) {
    throw cannotKeep(`cannot write the report into ${folder}`, error)
  }
  return paths
}

/**
 * Long texts lose their middle in the journal, but not in the report that is made when the run ends: what that one
 * wrote is whole, and stays.
 */
async function writeData(folder: string, files: readonly DataFile[]): Promise<void> {
  for (const { file, text, bytes } of files) {
    const path = join(folder, file)
    const there = (await stat(path).catch(() => undefined))?.size ?? 0
    if (text === undefined || there > bytes) continue
    await mkdir(join(folder, 'data'), { recursive: true })
    await replace(path, text)
  }
}

function readAll(journal: string, words: Words): Known {
  const summary = new SummaryFold()
  const gathered = new FactsFold(words)
  for (const event of readJournal(journal)) {
    summary.add(event)
    gathered.add(event)
  }
  return { summary: summary.summary(), facts: gathered.facts }
}

/** Loads the libraries that this report needs. */
async function drawingFor({ exhibits, plays }: Facts): Promise<Drawing> {
  const hasDiff = [...plays.values()].some(({ hosts }) =>
    [...hosts.values()].some(({ details }) =>
      details.some(({ changes }) => changes.some(({ diff }) => diff !== undefined)),
    ),
  )
  const hasChart = [...exhibits.values()].some(({ chart }) => chart !== undefined)
  const { picture } = exhibits.size > 0 ? await import('./picture.ts') : { picture: never }
  const { diffLines } = hasDiff ? await import('./diff.ts') : { diffLines: never }
  const { drawChart } = hasChart ? await import('./chart.ts') : { drawChart: never }
  return { picture, diffLines, drawChart }
}

const never = (): never => {
  throw new Error('nothing of this kind is in the run')
}

const style = (): string => readFileSync(fileURLToPath(new URL('./templates/report.css', import.meta.url)), 'utf8')

/** Written aside and renamed: a report that is open in a browser is never half there. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text)
  await rename(`${path}.part`, path)
}
