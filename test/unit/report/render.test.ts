import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import t from 'tap'
import { renderReport } from '../../../src/report/index.ts'
import { result, runStart } from '../evidence/events.ts'

const fixtures = join(import.meta.dirname, 'fixtures')

interface Rendered {
  readonly folder: string
  readonly html: string
  readonly evidence: string
  readonly markdown: string
}

async function render(t: { testdir(): string }, fixture: string): Promise<Rendered> {
  const folder = t.testdir()
  mkdirSync(folder, { recursive: true })
  cpSync(join(fixtures, `${fixture}.jsonl`), join(folder, 'events.jsonl'))
  const paths = await renderReport(folder)
  return {
    folder,
    html: readFileSync(paths.html, 'utf8'),
    evidence: readFileSync(paths.evidence, 'utf8'),
    markdown: readFileSync(paths.markdown, 'utf8'),
  }
}

/** Ids of the page, and links to ids that do not exist. */
function anchors(html: string): { ids: string[]; dangling: string[] } {
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? '')
  const links = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id ?? '')
  return { ids, dangling: links.filter((link) => !ids.includes(link)) }
}

for (const fixture of ['passed', 'failed', 'killed', 'check', 'hostile']) {
  await t.test(`${fixture}: every link has a target, ids are unique, nothing external is loaded`, async (t) => {
    const { html, evidence, markdown, folder } = await render(t, fixture)
    for (const page of [html, evidence]) {
      const { ids, dangling } = anchors(page)
      t.strictSame(dangling, [])
      t.equal(new Set(ids).size, ids.length)
      t.notMatch(page, /<(script|link|img|iframe)\b/)
      t.notMatch(page, /(src|href|url\()\s*=?\s*["']?(https?:|\/\/)/)
      t.notMatch(page, /undefined|NaN|\[object/)
    }
    const evidenceIds = anchors(evidence).ids
    for (const [, id] of html.matchAll(/href="evidence\.html#([^"]+)"/g))
      t.ok(evidenceIds.includes(String(id)), `${id}`)
    t.notMatch(markdown, /undefined|NaN|\[object/)
    for (const [, file] of markdown.matchAll(/\]\((img\/[^)]+)\)/g))
      t.ok(existsSync(join(folder, String(file))), `${file}`)
    for (const [, id] of markdown.matchAll(/\]\(#([^)]+)\)/g)) t.ok(markdown.includes(`<a id="${id}"></a>`), `${id}`)
  })
}

await t.test(
  'passed run shows verdict, findings with exhibits, phases, and changed tasks with their diff',
  async (t) => {
    const { evidence: html, markdown, folder } = await render(t, 'passed')
    t.match(html, '<span class="verdict">Passed</span>')
    t.match(html, '1 of 3 findings hold, 1 does not, 1 inconclusive')
    t.match(html, 'id="exhibit-swarm-nodes-1"')
    t.match(html, 'href="#exhibit-answers-1"')
    t.match(html, /<span class="added">\+ {2}&quot;log-driver&quot;: &quot;local&quot;/)
    t.match(html, 'no IPVS in this kernel')
    t.notMatch(html, 'What went wrong')
    t.strictSame(readdirSync(`${folder}/img`).sort(), ['answers-1.svg', 'swarm-nodes-1.svg', 'unused-1.svg'])
    t.match(
      markdown,
      '| ✓ Holds | [No task is left on a drained node](#finding-swarm.drain.evacuates) | 0 tasks on node2 after 4 s |',
    )
    t.match(markdown, '| node1 | 2 | 1 | 0 | 0 | 0 | 0 | 0 |')
    t.match(markdown, '| Docker Engine | play | 2 | 19.0 s |')
  },
)

await t.test('findings are ordered: does not hold, holds, inconclusive', async (t) => {
  const { markdown } = await render(t, 'passed')
  t.strictSame(
    [...markdown.matchAll(/^\| ([✓✗?]) /gm)].map(([, sign]) => sign),
    ['✗', '✓', '?'],
  )
})

await t.test('a shared exhibit is shown once, at the finding that does not hold', async (t) => {
  const { evidence: html } = await render(t, 'passed')
  t.ok(html.indexOf('id="title-swarm-nodes-1"') < html.indexOf('id="finding-swarm.drain.evacuates"'))
  t.equal(html.split('id="title-swarm-nodes-1"').length, 2)
})

await t.test('failed run shows failures first, with their tasks expanded', async (t) => {
  const { html: short, evidence: html, markdown } = await render(t, 'failed')
  t.match(short, 'href="evidence.html#task-2"')
  t.match(html, '<span class="verdict">Failed</span>')
  t.ok(html.indexOf('<h2>What went wrong') < html.indexOf('<h2>Hosts'))
  t.match(html, /<details class="task failed" id="task-2" open>/)
  t.match(html, 'E: Unable to locate package docker.oi')
  t.match(html, '3 attempts')
  t.match(
    markdown,
    '- **node3** unreachable at "Packages of Docker" (Docker Engine): node3 (10.79.0.13:22): connection refused. Is sshd running?',
  )
})

await t.test('killed run is shown as interrupted, with the completed tasks', async (t) => {
  const { html, markdown } = await render(t, 'killed')
  t.match(html, '<span class="verdict">Interrupted</span>')
  t.match(markdown, '| node1 | 2 | 1 | 0 | 0 | 0 | 0 | 0 |')
})

await t.test('check mode report says that nothing was changed and which tasks are unknown', async (t) => {
  const { evidence: html, markdown } = await render(t, 'check')
  t.match(html, 'Check mode: nothing was changed')
  // oxlint-disable-next-line labbook/terms -- an event log of an earlier version
  t.match(html, 'cannot tell before «Packages of Docker» has run')
  t.match(markdown, '| node1 | 1 | 1 | 0 | 0 | 0 | 0 | 0 | 1 |')
})

await t.test('output of hosts is escaped in HTML, SVG, Markdown, templates and file names', async (t) => {
  const { html: short, evidence: html, markdown, folder } = await render(t, 'hostile')
  const files = readdirSync(`${folder}/img`)
  t.strictSame(files.sort(), ['SCRIPT--2.svg', 'script-.svg'].sort())
  const texts = {
    report: short,
    evidence: html,
    Markdown: markdown,
    ...Object.fromEntries(files.map((file) => [file, readFileSync(`${folder}/img/${file}`, 'utf8')])),
  }
  for (const [name, text] of Object.entries(texts)) {
    t.notMatch(text, /<script>/i, name)
    t.notMatch(text, /[\x00-\x08\x0b-\x1f\u202e]/, name)
    t.notMatch(text, '[31m', name)
    if (text !== short) t.match(text, '{{ 7 * 7 }}'.replaceAll('*', text === markdown ? '\\*' : '*'), name)
  }
  t.notMatch(markdown, /(?<!\\)!\[\]\(/)
})

await t.test('rendering is deterministic', async (t) => {
  const first = await render(t, 'passed')
  await renderReport(first.folder)
  t.equal(readFileSync(`${first.folder}/report.html`, 'utf8'), first.html)
  t.equal(readFileSync(`${first.folder}/report.md`, 'utf8'), first.markdown)
})

await t.test('a directory without an event log is an error', async (t) => {
  await t.rejects(renderReport(t.testdir()), /cannot read event log .*events\.jsonl/)
})

await t.test('unknown tasks show what they would do in the current state', async (t) => {
  const { evidence: html, markdown } = await render(t, 'check')
  t.match(html, /In the current state, it would:<\/p>\s*<p class="change">start docker/)
  t.match(markdown, /unknown: Docker is running .* In the current state, it would:\n+ {2}- start docker/)
})

await t.test('hosts beyond the limit are counted, failed hosts are shown first', async (t) => {
  const folder = t.testdir()
  mkdirSync(folder, { recursive: true })
  const names = Array.from({ length: 3000 }, (_, i) => `web${i}`)
  const events = [runStart(names), ...names.map((name, i) => result(name, i === 2500 ? 'failed' : 'ok'))]
  writeFileSync(join(folder, 'events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  const { html, markdown } = await renderReport(folder)
  for (const file of [html, markdown]) {
    const page = readFileSync(file, 'utf8')
    t.match(page, 'web2500', extname(file))
    t.notMatch(page, 'web2499', extname(file))
    t.match(page, '2,000 more hosts', extname(file))
    t.match(page, 'web19 and 2,980 more', extname(file))
  }
})

await t.test('a report that cannot be written is an error', async (t) => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'report.md'), { recursive: true })
  cpSync(join(fixtures, 'passed.jsonl'), join(folder, 'events.jsonl'))
  await t.rejects(renderReport(folder), /cannot write the report to .*: a directory with this name exists: move it/)
  t.notOk(
    readdirSync(folder).find((name) => name.startsWith('report.md.')),
    'no temporary file is left',
  )
})
