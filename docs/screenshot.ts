import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { findBrowser } from '../src/report/pdf.ts'

/*
 * Takes docs/img/report.png from the report of a run: `npx tsx docs/screenshot.ts [the run's folder]`, by default the
 * newest.
 */

const ROOT = path.join(import.meta.dirname, '..')
const run = path.resolve(process.argv[2] ?? path.join(ROOT, 'runs/latest'))

const browser = await chromium.launch({
  executablePath: findBrowser(),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
})
try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 1000 }, colorScheme: 'light' })
  await page.goto(pathToFileURL(path.join(run, 'report.html')).href)
  await page.screenshot({ path: path.join(ROOT, 'docs/img/report.png') })
} finally {
  await browser.close()
}
