import t from 'tap'
import { picture } from '../../../src/report/picture.ts'
import { exhibit } from '../evidence/events.ts'

await t.test('shows the host, the prompt with the command, the output and how long it took', async (t) => {
  const svg = picture(exhibit({ stdout: 'node1 Ready\n', durationMs: 1430 }), 'nodes-1')
  t.match(svg, />node1\$ docker node ls<\/text>/)
  t.match(svg, />node1 Ready<\/text>/)
  t.match(svg, />1\.4 s<\/text>/)
  t.match(svg, /role="img" aria-labelledby="title-nodes-1 desc-nodes-1"/)
  t.match(svg, /<title id="title-nodes-1">Nodes \(node1\)<\/title>/)
  t.notMatch(svg, /exit code [^0]/)
})

await t.test('shows an exit code that is not 0', async (t) => {
  t.match(picture(exhibit({ exitCode: 3 }), 'x'), />exit code 3<\/text>/)
})

await t.test('of more than 60 lines shows head and tail, and how many are left out', async (t) => {
  const stdout = Array.from({ length: 100 }, (_, i) => `line ${i + 1}`).join('\n')
  const svg = picture(exhibit({ stdout }), 'x')
  t.match(svg, />line 40<\/text>/)
  t.notMatch(svg, />line 41<\/text>/)
  t.match(svg, /40 lines left out/)
  t.match(svg, />line 81<\/text>/)
  t.match(svg, />line 100<\/text>/)
})

await t.test('escapes what XML would read', async (t) => {
  t.match(picture(exhibit({ stdout: '<b a="1">&]]>' }), 'x'), '&lt;b a=&quot;1&quot;&gt;&amp;]]&gt;')
})
