import t from 'tap'
import { drawTerminal } from '../../../src/report/terminal-svg.ts'
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
