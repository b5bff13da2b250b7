import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { readText, ROOT } from './markdown.ts'

t.test('the example of docs/roles.md runs', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-roles-'))
  t.teardown(() => {
    rmSync(directory, { recursive: true })
  })
  const files = [...readText('docs/roles.md').matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```/gms)]
  t.strictSame(
    files.map(([, name]) => name),
    ['roles/site/role.ts', 'playbooks/site.ts'],
  )
  const all = [...files.map(([, name = '', text = '']) => [name, text]), ['inventory.yaml', 'web: {hosts: {web1: }}\n']]
  for (const [name = '', text = ''] of all) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true })
    writeFileSync(path.join(directory, name), text)
  }
  const labbook = [path.join(ROOT, 'src/cli/labbook.mjs'), 'run', 'playbooks/site.ts', '--list-tasks']
  const { stdout, stderr } = spawnSync(process.execPath, labbook, {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', XDG_CACHE_HOME: directory },
  })
  t.equal(stderr, '')
  t.equal(stdout, 'play "Site": web\n  Install nginx\n  Configure the site\n  Start nginx\n  handler: Reload nginx\n')
})
