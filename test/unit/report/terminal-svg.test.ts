import t from 'tap'
import { en } from '../../../src/report/messages/index.ts'
import { drawTerminal, fittingSize } from '../../../src/report/terminal-svg.ts'
import { exhibit } from '../evidence/events.ts'

await t.test('terminal shows host, prompt with command, output and duration', async (t) => {
  const svg = drawTerminal(exhibit({ stdout: 'node1 Ready\n', durationMs: 1430 }), 'nodes-1')
  t.match(svg, />node1\$ docker node ls<\/text>/)
  t.match(svg, />node1 Ready<\/text>/)
  t.match(svg, />1\.4 s<\/text>/)
  t.match(svg, /role="img" aria-labelledby="title-nodes-1 desc-nodes-1"/)
  t.match(svg, /<title id="title-nodes-1">Nodes \(node1\)<\/title>/)
  t.notMatch(svg, /exit code [^0]/)
})

await t.test('terminal shows a non-zero exit code', async (t) => {
  t.match(drawTerminal(exhibit({ exitCode: 3 }), 'x'), />exit code 3<\/text>/)
})

await t.test('terminal shows head and tail of more than 60 lines, and the number omitted', async (t) => {
  const stdout = Array.from({ length: 100 }, (_, i) => `line ${i + 1}`).join('\n')
  const svg = drawTerminal(exhibit({ stdout }), 'x')
  t.match(svg, />line 40<\/text>/)
  t.notMatch(svg, />line 41<\/text>/)
  t.match(svg, /40 lines omitted/)
  t.match(svg, />line 81<\/text>/)
  t.match(svg, />line 100<\/text>/)
})

await t.test('terminal escapes XML', async (t) => {
  t.match(drawTerminal(exhibit({ stdout: '<b a="1">&]]>' }), 'x'), '&lt;b a=&quot;1&quot;&gt;&amp;]]&gt;')
})

const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text x="14"[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text)

await t.test('the first size at which no line is cut is chosen, if there is one', async (t) => {
  const sizes = [
    { columns: 66, rows: 12 },
    { columns: 100, rows: 12 },
  ]
  const columnsFor = (length: number) =>
    fittingSize(exhibit({ stdout: `a  ${'x'.repeat(length)}` }), sizes, en)?.columns
  t.strictSame([columnsFor(20), columnsFor(80), columnsFor(200)], [66, 100, undefined])
})

await t.test('a few lines of JSON or prose are wrapped, rows of a table are cut', async (t) => {
  const size = { columns: 66, rows: 12 }
  const json = `{"repositories":[${'"labbook/counter",'.repeat(8)}"end"]}`
  t.match(texts(drawTerminal(exhibit({ stdout: json }), 'x', en, size)).join(''), json.replaceAll('"', '&quot;'))
  const rows = drawTerminal(exhibit({ stdout: `name  ${'x'.repeat(90)}` }), 'x', en, size)
  t.match(rows, /x…<\/text>/)
})

await t.test('a table is shown whole, and what explains it below is omitted', async (t) => {
  const table = Array.from({ length: 10 }, (_, i) => `row ${i}`)
  const stdout = [...table, '', ...Array.from({ length: 20 }, (_, i) => `note ${i}`)].join('\n')
  const svg = drawTerminal(exhibit({ stdout }), 'x', en, { columns: 66, rows: 12 })
  for (const row of table) t.match(svg, `>${row}</text>`)
  t.match(svg, '21 lines omitted')
  t.notMatch(svg, '>note')
})

await t.test('evidence in full size, and an output with stderr, keep their end', async (t) => {
  const table = (rows: number): string =>
    [
      ...Array.from({ length: rows }, (_, i) => `row ${i}`),
      '',
      ...Array.from({ length: 40 }, (_, i) => `note ${i}`),
    ].join('\n')
  t.match(drawTerminal(exhibit({ stdout: table(50) }), 'x'), '>note 39</text>')
  const svg = drawTerminal(exhibit({ stdout: table(10), stderr: 'no route' }), 'x', en, { columns: 66, rows: 12 })
  t.match(svg, '>no route</text>')
})
