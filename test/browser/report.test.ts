import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { renderReport } from '../../src/report/index.ts'
import { findBrowser, printPdf } from '../../src/report/pdf.ts'
import { REPORT_QUESTIONS } from '../../playbooks/report-questions.ts'
import { RUSSIAN } from '../../playbooks/messages/ru.ts'
import { journalOf, richRun } from '../unit/report/rich-run.ts'

/*
 * The report in a real browser: rendering, accessibility, printing, and resistance to hostile output. The event log has
 * everything that a report can show.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] })
const folder = mkdtempSync(path.join(tmpdir(), 'labbook-browser-'))
t.teardown(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})
writeFileSync(path.join(folder, 'events.jsonl'), journalOf(richRun()))
const { html, evidence } = await renderReport(folder)
const PAGES = [
  ['report', html],
  ['evidence', evidence],
] as const

interface Opened {
  readonly page: Page
  /** URLs the page requested, besides its own. */
  readonly requests: string[]
  readonly problems: string[]
}

async function open(
  t: Test,
  { width = 1280, scheme = 'light', file = html }: { width?: number; scheme?: 'light' | 'dark'; file?: string } = {},
): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  })
  t.teardown(() => context.close())
  const page = await context.newPage()
  const [requests, problems] = [[] as string[], [] as string[]]
  const address = pathToFileURL(file).href
  page.on('request', (request) => {
    if (request.url() !== address) requests.push(request.url())
  })
  page.on('console', (message) => {
    problems.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => {
    problems.push(String(error))
  })
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(address, { waitUntil: 'load' })
  return { page, requests, problems }
}

for (const [name, file] of PAGES)
  await t.test(`${name} opens without console messages and without requests`, async (t) => {
    const { page, requests, problems } = await open(t, { file })
    await page.evaluate('document.querySelectorAll("details").forEach((each) => { each.open = true })')
    t.strictSame(requests, [])
    t.strictSame(problems, [])
    t.equal(await page.locator('script, iframe, img, link, object, embed').count(), 0)
  })

await t.test('charts, timelines and terminals are visible', async (t) => {
  const { page } = await open(t, { file: evidence })
  t.equal(await page.locator('svg.chart').count(), 2)
  for (const id of ['capacity-1', 'placement-1']) {
    const box = await page.locator(`#exhibit-${id} svg.chart`).boundingBox()
    t.ok(box !== null && box.width > 500 && box.height > 250, JSON.stringify(box))
  }
  t.ok(await page.getByRole('img', { name: 'Throughput against load' }).isVisible())
  t.equal(await page.locator('svg.terminal').count(), 3)
  t.ok(await page.getByRole('heading', { name: 'Questions and answers' }).isVisible())
})

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** Elements that are wider than their page, outside of areas that scroll. */
const OVERFLOWING = `[...document.querySelectorAll('body *')]
  .filter((each) => each.closest('svg') === (each.tagName === 'svg' ? each : null) && !each.closest('.hidden, .skip'))
  .filter((each) => each.parentElement.closest('.screen, .scroll') === null || matchMedia('print').matches)
  .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((each) => each.tagName + '.' + each.className)`

const VIEWS = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
  ['dark', 390],
] as const

for (const [name, file] of PAGES)
  for (const [scheme, width] of VIEWS)
    await t.test(`${name}, ${scheme}, ${width} px: page is accessible and fits the screen`, async (t) => {
      const { page, problems } = await open(t, { width, scheme, file })
      await page.evaluate('document.querySelectorAll("details").forEach((each) => { each.open = true })')
      await page.evaluate(axe.source)
      const violations = await page.evaluate<Violation[]>(
        'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations)',
      )
      t.strictSame(
        violations.map(
          ({ id, nodes }) =>
            `${id}: ${nodes
              .slice(0, 3)
              .map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`)
              .join(' | ')}`,
        ),
        [],
      )
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
      t.strictSame(await page.evaluate(OVERFLOWING), [])
      t.strictSame(problems, [])
    })

for (const [name, file] of PAGES)
  await t.test(`${name} in print: no element is wider than an A4 page`, async (t) => {
    // 210 mm less the margins, at 96 pixels per inch.
    const { page } = await open(t, { width: 680, file })
    await page.emulateMedia({ media: 'print' })
    t.strictSame(await page.evaluate(OVERFLOWING), [])
  })

await t.test('keyboard focuses the skip link first, then the contents, and follows links', async (t) => {
  const { page } = await open(t)
  const focused = () =>
    page.evaluate<string>('document.activeElement.getAttribute("href") ?? document.activeElement.tagName')
  await page.keyboard.press('Tab')
  t.equal(await focused(), '#report')
  t.ok(await page.evaluate('document.querySelector("a.skip").getBoundingClientRect().top >= 0'))
  const links: string[] = []
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab')
    links.push(await focused())
  }
  t.strictSame(links.slice(0, 5), ['#verdict', '#wrong', '#aim', '#key-results', '#section-1'])
  t.match(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'solid')
  await page.locator('nav a[href="#section-1"]').focus()
  await page.keyboard.press('Enter')
  t.equal(await page.evaluate('location.hash'), '#section-1')
  t.ok(
    await page.evaluate(
      '(({ top }) => top >= 0 && top < innerHeight)(document.querySelector("#section-1 > h2").getBoundingClientRect())',
    ),
  )
})

for (const [name, file] of PAGES)
  await t.test(`${name}: heading levels have no gaps, and every link has a target`, async (t) => {
    const { page } = await open(t, { file })
    const levels = await page.evaluate<number[]>(
      '[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((head) => Number(head.tagName[1]))',
    )
    t.equal(levels[0], 1)
    for (const [i, level] of levels.entries())
      t.ok(i === 0 || level <= (levels[i - 1] as number) + 1, `heading ${i} of level ${level}`)
    t.strictSame(
      await page.evaluate(
        '[...document.querySelectorAll("a[href^=\'#\']")].map((link) => link.getAttribute("href").slice(1)).filter((id) => document.getElementById(id) === null)',
      ),
      [],
    )
  })

await t.test('light and dark schemes differ', async (t) => {
  const background = async (scheme: 'light' | 'dark') =>
    await (await open(t, { scheme })).page.evaluate('getComputedStyle(document.body).backgroundColor')
  t.not(await background('light'), await background('dark'))
})

await t.test('images of the Markdown report open on their own', async (t) => {
  for (const name of ['capacity-1', 'placement-1', 'wide-1']) {
    const { page, requests, problems } = await open(t, { file: path.join(folder, 'img', `${name}.svg`) })
    t.equal(await page.evaluate('document.documentElement.tagName'), 'svg')
    t.strictSame([...requests, ...problems], [])
  }
})

await t.test('Russian page is accessible', async (t) => {
  const other = mkdtempSync(path.join(tmpdir(), 'labbook-browser-'))
  t.teardown(() => {
    rmSync(other, { recursive: true })
  })
  writeFileSync(path.join(other, 'events.jsonl'), journalOf(richRun()))
  const { html: file } = await renderReport(other, undefined, { language: 'ru' })
  const { page } = await open(t, { width: 360, file })
  await page.evaluate(axe.source)
  t.strictSame(
    await page.evaluate(
      'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations.map(({ id }) => id))',
    ),
    [],
  )
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
})

/** Pages of a PDF. */
const pageCount = (pdf: string): number => pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0

/** What the report shows of a run of `npm run full`: its findings, and the exhibits that answer the questions. */
const FULL_RUN = fileURLToPath(new URL('full-run.jsonl', import.meta.url))

for (const language of ['en', 'ru'] as const)
  await t.test(`report of a full run, ${language}: at most 12 pages, and nothing is wider than a page`, async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'labbook-browser-'))
    t.teardown(() => {
      rmSync(directory, { recursive: true })
    })
    copyFileSync(FULL_RUN, path.join(directory, 'events.jsonl'))
    const { html: file } = await renderReport(directory, undefined, {
      language,
      questions: REPORT_QUESTIONS,
      catalogue: language === 'ru' ? RUSSIAN : {},
    })
    const pdf = path.join(directory, 'report.pdf')
    await printPdf(findBrowser(), file, pdf)
    const pages = pageCount(readFileSync(pdf, 'latin1'))
    t.ok(pages >= 8 && pages <= 12, `${pages} pages`)
    const { page } = await open(t, { width: 680, file })
    await page.emulateMedia({ media: 'print' })
    t.strictSame(await page.evaluate(OVERFLOWING), [])
    t.equal(await page.locator('.question .pictures svg').count(), await page.locator('.question figure').count())
    t.ok((await page.locator('.question figure').count()) >= 25)
  })

await t.test('report command prints a PDF', async (t) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(ROOT, 'playbooks/report.mjs'), folder, '--format', 'pdf'],
    {
      encoding: 'utf8',
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  )
  t.strictSame([status, stdout, stderr], [0, 'report.pdf\n', ''])
  const pdf = readFileSync(path.join(folder, 'report.pdf'))
  t.equal(pdf.subarray(0, 5).toString(), '%PDF-')
  const content = pdf.toString('latin1')
  t.ok(pageCount(content) > 1)
  t.match(content, /\/MediaBox \[0 0 59[45][.\d]* 84[12][.\d]*\]/, 'A4')
  t.match(content, '/Outlines')
})
