import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import nunjucks from 'nunjucks'
import { duration, fenced, markdown, moment, plural } from './format.ts'
import { dropUnprintable } from './terminal.ts'

const folder = fileURLToPath(new URL('./templates/', import.meta.url))

const environment = (): nunjucks.Environment => new nunjucks.Environment(
  new nunjucks.FileSystemLoader(folder),
  { autoescape: true, throwOnUndefined: false, trimBlocks: true, lstripBlocks: true },
)

const safe = (text: string): unknown => new nunjucks.runtime.SafeString(text)

/** Escapes whatever is put into it; for HTML and SVG. */
export const html = environment()
  .addFilter('duration', duration)
  .addFilter('moment', moment)
  .addFilter('plural', plural)
  .addFilter('shown', (text: unknown) => dropUnprintable(String(text ?? '')))

/** Everything from a run goes through `md` or `fenced`; what does not is escaped for HTML, which Markdown shows as it is. */
export const page = environment()
  .addFilter('duration', duration)
  .addFilter('moment', moment)
  .addFilter('plural', plural)
  .addFilter('md', (text: unknown) => safe(markdown(String(text ?? ''))))
  .addFilter('fenced', (text: unknown, language?: string) => safe(fenced(String(text ?? ''), language)))

export const style = (): string => readFileSync(`${folder}report.css`, 'utf8')
