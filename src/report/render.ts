import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readJournal } from '../evidence/read.ts'
import { summarise } from '../evidence/summary.ts'
import { gather } from './facts.ts'
import { html, page, style } from './templates.ts'
import { viewOf } from './view.ts'

/**
 * Renders `report.md`, `report.html` and the pictures under `img/` of a run from its journal alone, so an old run can be
 * rendered again.
 *
 * @param folder - of the run, with `events.jsonl` in it.
 * @returns the paths of the two reports.
 * @throws {EvidenceError} when the journal is missing or damaged.
 */
export async function renderReport(folder: string): Promise<{ markdown: string; html: string }> {
  const journal = join(folder, 'events.jsonl')
  const view = viewOf(summarise(readJournal(journal)), gather(readJournal(journal)))
  const paths = { markdown: join(folder, 'report.md'), html: join(folder, 'report.html') }
  if (view.exhibits.length > 0) await mkdir(join(folder, 'img'), { recursive: true })
  for (const { slug, svg } of view.exhibits) await writeFile(join(folder, 'img', `${slug}.svg`), svg)
  await replace(paths.markdown, tidy(page.render('report.md.njk', view)))
  await replace(paths.html, html.render('report.html.njk', { ...view, style: style() }))
  return paths
}

/** Written aside and renamed: a report that is open in a browser is never half there. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text)
  await rename(`${path}.part`, path)
}

const tidy = (text: string): string => `${text.trim()}\n`
