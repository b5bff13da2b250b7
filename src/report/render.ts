import { readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cannotKeep } from '../evidence/folder.ts'
import { readJournal } from '../evidence/read.ts'
import { SummaryFold, type Summary } from '../evidence/summary.ts'
import { FactsFold, type Facts } from './facts.ts'
import { markdownPage } from './page-markdown.ts'
import { htmlPage } from './page.ts'
import { viewOf, type Drawing } from './view.ts'

/** What a report is made of. */
interface Known {
  readonly summary: Summary
  readonly facts: Facts
}

/**
 * Renders `report.md`, `report.html` and the pictures under `img/` of a run.
 *
 * @param folder - of the run, with `events.jsonl` in it.
 * @param known - what has been gathered while the run went on. Without it the journal is read, so that an old run can be
 * rendered again, and in memory that does not grow with it.
 * @returns the paths of the two reports.
 * @throws {EvidenceError} when the journal is missing or damaged, or the report cannot be written.
 */
export async function renderReport(folder: string, known: Known = readAll(join(folder, 'events.jsonl'))): Promise<{ markdown: string; html: string }> {
  const view = viewOf(known.summary, known.facts, await drawingFor(known.facts))
  const paths = { markdown: join(folder, 'report.md'), html: join(folder, 'report.html') }
  try {
    if (view.exhibits.length > 0) await mkdir(join(folder, 'img'), { recursive: true })
    for (const { slug, svg } of view.exhibits) await writeFile(join(folder, 'img', `${slug}.svg`), svg)
    await replace(paths.markdown, markdownPage(view))
    await replace(paths.html, htmlPage(view, style()))
  } catch (error) {
    throw cannotKeep(`cannot write the report into ${folder}`, error)
  }
  return paths
}

function readAll(journal: string): Known {
  const summary = new SummaryFold()
  const gathered = new FactsFold()
  for (const event of readJournal(journal)) {
    summary.add(event)
    gathered.add(event)
  }
  return { summary: summary.summary(), facts: gathered.facts }
}

/** Loads the libraries that this report needs. */
async function drawingFor({ exhibits, plays }: Facts): Promise<Drawing> {
  const hasDiff = [...plays.values()].some(({ hosts }) => [...hosts.values()].some(({ details }) =>
    details.some(({ changes }) => changes.some(({ diff }) => diff !== undefined))))
  const { picture } = exhibits.size > 0 ? await import('./picture.ts') : { picture: never }
  const { diffLines } = hasDiff ? await import('./diff.ts') : { diffLines: never }
  return { picture, diffLines }
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
