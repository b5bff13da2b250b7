import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { parseInventory } from '../../../src/inventory/parse-inventory.ts'
import { connectionSettings } from '../../../src/connection/index.ts'
import { registryVars } from '../../../playbooks/registry/vars.ts'
import { guideSteps } from '../../support/guide.ts'
import { convergeCa } from '../modules/x509/support.ts'
import { readText } from './markdown.ts'

const fileOf = (page: string, name: string): string => {
  const step = guideSteps(readText(page)).find((each) => each.kind === 'file' && each.path === name)
  return step?.kind === 'file' ? step.text : ''
}
const inventoryOf = (page: string) =>
  parseInventory({ main: { path: 'inventory.yaml', text: fileOf(page, 'inventory.yaml') } })

t.test('the inventory of docs/bastion.md leads over the bastion, through sudo, to Docker CE', async (t) => {
  const { hosts, groups } = inventoryOf('docs/bastion.md')
  t.strictSame(groups.get('docker')?.hosts, ['node1', 'node2', 'node3'])
  const { vars = {} } = hosts.get('node2') ?? {}
  t.equal(vars.docker_source, 'docker-ce')
  const { user, address, become, proxy } = connectionSettings('node2', vars)
  t.match({ user, address, become }, { user: 'ann', address: '10.20.0.12', become: { always: true } })
  t.match(proxy, { jump: { address: 'bastion.example.com', user: 'ann' } })
})

t.test('the inventory of docs/three-managers.md has three managers and no worker', async (t) => {
  const { groups } = inventoryOf('docs/three-managers.md')
  t.strictSame(groups.get('swarm_managers')?.hosts, ['node1', 'node2', 'node3'])
  t.strictSame(groups.get('swarm_workers')?.hosts, [])
})

t.test('the commands of docs/own-ca.md create a CA that the registry uses', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-own-ca-'))
  t.teardown(() => {
    rmSync(directory, { recursive: true })
  })
  chmodSync(directory, 0o700)
  for (const step of guideSteps(readText('docs/own-ca.md')).slice(0, 4))
    if (step.kind === 'command') execFileSync('sh', ['-c', step.command], { cwd: directory, stdio: 'pipe' })
  const vars = registryVars.read(
    parse(fileOf('docs/own-ca.md', 'group_vars/all.yaml')) as Readonly<Record<string, unknown>>,
  )
  t.equal(vars.registry_dir, '/srv/shop/registry')
  const ca = { dir: path.join(directory, 'registry/pki'), key_type: vars.pki_key_type }
  t.match(convergeCa({ ...ca, common_name: 'Labbook CA' }).before.problem, 'has common name "Example CA"')
  const { before, after } = convergeCa({ ...ca, common_name: vars.pki_common_name })
  t.strictSame(
    before.changes.map(({ description }) => description),
    [`update CA in ${ca.dir}: update ca-bundle.crt`],
  )
  t.equal(before.problem, undefined)
  t.strictSame(after.changes, [])
})
