import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The style sheet of the report, for light and dark. */
export const reportStyle = (): string =>
  readFileSync(fileURLToPath(new URL('./templates/report.css', import.meta.url)), 'utf8')
