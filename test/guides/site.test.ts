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
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] })
t.teardown(() => browser.close())

await t.test('the site builds, without dead links', { bail: true }, async (t) => {
  const succeeds = (command: string, ...args: string[]): void => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: SITE, encoding: 'utf8' })
    if (!t.equal(status, 0, [path.basename(command), ...args].join(' '))) t.comment((stdout + stderr).slice(-3000))
  }
  if (!existsSync(vitepress)) succeeds('npm', 'ci', '--no-audit', '--no-fund')
  succeeds(vitepress, 'build', '--outDir', output)
})

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
  t.match(await page.locator('h1').first().innerText(), /^Command line/)
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
  await page.locator('h2#lineinfile').waitFor()
  t.match(await page.locator('h2#lineinfile').innerText(), /^lineinfile/)
})

t.test('each page of the sidebar exists', async (t) => {
  const links = sidebar(ROOT).flatMap(({ items }) => items.map(({ link }) => link))
  t.ok(links.length > 40, `${links.length} pages`)
  t.strictSame(
    links.filter((link) => fileOf(`http://labbook.test${link}`) === undefined),
    [],
  )
})

t.test('no page has an error or a missing file', async (t) => {
  t.strictSame(problems, [])
})
