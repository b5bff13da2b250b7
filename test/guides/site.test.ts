import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { chromium, type Page } from 'playwright-core'
import t from 'tap'
import { sidebar } from '../../docs/navigation.ts'
import { findBrowser } from '../../src/report/pdf.ts'

/* The site of docs/, built by VitePress and opened in Chromium. Installs VitePress from the npm registry, once. */

const ROOT = path.join(import.meta.dirname, '../..')
const SITE = path.join(ROOT, 'site')
const output = mkdtempSync(path.join(os.tmpdir(), 'labbook-site-'))
t.teardown(() => {
  rmSync(output, { recursive: true, force: true })
})
const vitepress = path.join(SITE, 'node_modules/.bin/vitepress')

function succeeds(command: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: SITE, encoding: 'utf8' })
  if (!t.equal(status, 0, [path.basename(command), ...args].join(' '))) t.bailout((stdout + stderr).slice(-3000))
}

if (!existsSync(vitepress)) succeeds('npm', 'ci', '--no-audit', '--no-fund')
// Fails if a page has a dead link.
succeeds(vitepress, 'build', '--outDir', output)

const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] })
t.teardown(() => browser.close())
const problems: string[] = []

/** The file of a URL, as web servers with clean URLs find it. */
function fileOf(url: string): string | undefined {
  const file = path.join(output, decodeURIComponent(new URL(url).pathname))
  return [file, `${file}.html`, path.join(file, 'index.html')].find((each) =>
    statSync(each, { throwIfNoEntry: false })?.isFile(),
  )
}

/** Opens a page of the site, which needs no server: requests are answered from its files. */
async function open(page: string): Promise<Page> {
  const opened = await browser.newPage()
  await opened.route('**', (route) => {
    const file = fileOf(route.request().url())
    return file === undefined ? route.fulfill({ status: 404, body: 'not found' }) : route.fulfill({ path: file })
  })
  opened.on('pageerror', (error) => problems.push(`${page}: ${String(error)}`))
  opened.on('requestfinished', (request) => {
    if (fileOf(request.url()) === undefined) problems.push(`${page}: ${request.url()} does not exist`)
  })
  await opened.goto(`http://labbook.test${page}`, { waitUntil: 'networkidle' })
  return opened
}

t.test('a page has its title, its table and the sidebar', async (t) => {
  const page = await open('/docs/cli')
  t.equal(await page.locator('h1').first().innerText(), 'Command line')
  t.ok(await page.getByRole('cell', { name: '--check', exact: true }).first().isVisible())
  const headings = await page.locator('#VPSidebarNav h2').allInnerTexts()
  t.strictSame(
    headings,
    sidebar(ROOT).map(({ text }) => text),
  )
})

t.test('braces of templates are text', async (t) => {
  const page = await open('/docs/inventory')
  t.match(await page.locator('main').innerText(), 'base_url: "https://{{ domain }}:{{ port }}/"')
})

t.test('the search finds a module, and leads to it', async (t) => {
  const page = await open('/')
  await page.keyboard.press('Control+k')
  await page.locator('#localsearch-input').fill('lineinfile')
  const result = page.locator('#localsearch-list a[href$="/docs/modules#lineinfile"]')
  await result.waitFor()
  await result.click()
  await page.waitForURL('**/docs/modules#lineinfile')
  t.ok(await page.getByRole('heading', { name: 'lineinfile' }).isVisible())
})

t.test('each page of the sidebar opens', async (t) => {
  for (const { link } of sidebar(ROOT).flatMap(({ items }) => items)) {
    const page = await open(link)
    t.not(await page.locator('h1').first().innerText(), '404', link)
    await page.close()
  }
})

t.test('no page has an error or a missing file', async (t) => {
  t.strictSame(problems, [])
})
