import { readFileSync } from 'node:fs'
import t from 'tap'
import { mergeContext, renameContext } from '../../../../src/modules/k3s/kubeconfig.ts'

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/k3s-install/${name}`, import.meta.url), 'utf8')

t.test('renameContext() sets the names and the external address of a kubeconfig', async (t) => {
  const text = renameContext(fixture('k3s.yaml'), { context: 'lab', server: 'https://10.0.0.1:6443' })
  t.match(
    text,
    /server: https:\/\/10\.0\.0\.1:6443\n +name: lab\n[^]*cluster: lab\n +user: lab\n +name: lab\ncurrent-context: lab\n/,
  )
  t.notMatch(text, /default/)
  t.throws(() => renameContext('- a list', { context: 'a', server: 'b' }), { name: 'SyntaxError' })
})

t.test('mergeContext() adds, replaces and removes one context', async (t) => {
  const one = renameContext(fixture('k3s.yaml'), { context: 'lab', server: 'https://10.0.0.1:6443' })
  const others = `# mine\n${renameContext(fixture('k3s.yaml'), { context: 'work', server: 'https://work.example' })}`
  const both = mergeContext(others, 'lab', one)
  t.match(both, /^# mine\n[^]*https:\/\/work\.example[^]*https:\/\/10\.0\.0\.1:6443[^]*current-context: work/)
  t.equal(mergeContext(both, 'lab', one), both, 'mergeContext() is idempotent')
  const moved = mergeContext(both, 'lab', one.replace('10.0.0.1', '10.0.0.9'))
  t.ok(moved.includes('10.0.0.9') && !moved.includes('10.0.0.1:'))
  const removed = mergeContext(both, 'lab', undefined)
  t.ok(!removed.includes('10.0.0.1') && removed.includes('work.example') && removed.startsWith('# mine'))
  t.match(mergeContext('', 'lab', one), /current-context: lab/)
  t.throws(() => mergeContext('clusters: [', 'lab', one), { message: /line \d+ is not YAML/ })
})
