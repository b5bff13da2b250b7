import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { AnsibleConfig } from '../../../src/cli/ansible-config.ts'
import { inventoryFiles } from '../../../src/cli/inventory-files.ts'
import { withLocalhost } from '../../../src/cli/localhost.ts'
import { limitHosts, parseInventory, readInventory, selectHosts } from '../../../src/inventory/index.ts'
import { errorLines } from './support.ts'

/** Two inventories and a playbook's directory, each with vars files. */
const FILES = {
  a: {
    'hosts.yaml': `
all:
  vars: {v1: a-all, v2: a-all, v3: a-all, v4: a-all, v5: a-all, v6: a-all, v7: a-all, v8: a-all, v9: a-all}
  children:
    web:
      hosts: {h: {v9: a-host, v10: a-host}}
      vars: {v2: a-web, v11: a-web}
    app: {children: {web: {}}, vars: {v11: a-app}}
`,
    group_vars: {
      'all.yml': '{v3: a-gv-all, v4: a-gv-all, v5: a-gv-all, v6: a-gv-all, v12: a-gv-all}',
      'web.yml': '{v4: a-gv-web, v13: a-gv-web}',
    },
    host_vars: { 'h.yml': '{v9: a-hv, v8: a-hv, v14: a-hv}' },
  },
  b: {
    'hosts.yaml': `
all:
  hosts: {h: {v10: b-host}, g: {}}
  children:
    web: {hosts: {g: {}}, vars: {v11: b-web}}
`,
    group_vars: { 'app.yml': '{v13: b-gv-app, v6: b-gv-app}', 'all.yml': '{v12: b-gv-all, v4: b-gv-all}' },
    host_vars: { 'h.yml': '{v14: b-hv, v15: b-hv}' },
  },
  playbooks: {
    group_vars: {
      'all.yml': '{v5: p-gv-all, v4: p-gv-all, v6: p-gv-all}',
      'app.yml': '{v7: p-gv-app, v13: p-gv-app}',
    },
    host_vars: { 'h.yml': '{v15: p-hv}', 'localhost.yml': '{v16: p-hv-local}' },
  },
}

void t.test('several inventories and the vars of a playbook, with the precedence of ansible-inventory', async (t) => {
  const root = t.testdir(FILES)
  const inventory = await readInventory({
    files: [join(root, 'a/hosts.yaml'), join(root, 'b/hosts.yaml')],
    playbookDirectory: join(root, 'playbooks'),
  })
  // The output of: ansible-inventory --playbook-dir playbooks -i a/hosts.yaml -i b/hosts.yaml --host h
  t.strictSame(inventory.hosts.get('h')?.vars, {
    v1: 'a-all',
    v2: 'a-web',
    v3: 'a-gv-all',
    v4: 'a-gv-web',
    v5: 'p-gv-all',
    v6: 'b-gv-app',
    v7: 'p-gv-app',
    v8: 'a-hv',
    v9: 'a-hv',
    v11: 'b-web',
    v12: 'b-gv-all',
    v13: 'p-gv-app',
    v10: 'b-host',
    v14: 'b-hv',
    v15: 'p-hv',
  })
  t.strictSame(inventory.groups.get('web')?.hosts, ['h', 'g'])
  const local = withLocalhost(inventory).hosts.get('localhost')
  t.match(local?.vars, { v16: 'p-hv-local', v3: 'a-gv-all', ansible_connection: 'local', v7: 'a-all' })
})

void t.test('a directory with several inventories is read at the place of the last', async (t) => {
  const root = t.testdir({ ...FILES, a: { ...FILES.a, 'more.yaml': 'all: {hosts: {h: }}' } })
  const files = ['a/hosts.yaml', 'b/hosts.yaml', 'a/more.yaml'].map((file) => join(root, file))
  const { hosts } = await readInventory({ files })
  t.match(hosts.get('h')?.vars, { v14: 'a-hv', v12: 'a-gv-all' })
})

void t.test('problems name their file', async (t) => {
  const file = (path: string, text: string) => ({ path, text })
  const lines = errorLines(() =>
    parseInventory({ main: [file('a.yaml', 'web: {hosts: {h: }}'), file('b.yaml', 'h: {hosts: {12: , web: }}')] }),
  )
  t.match(lines, [
    /^a.yaml:1:15: "h" is both a host/,
    /^b.yaml:1:13: this name is a num/,
    /^b.yaml:1:19: "web" is both/,
  ])
})

void t.test('files that are not UTF-8 are refused', async (t) => {
  const root = t.testdir({ group_vars: {}, 'hosts.yaml': 'all: {hosts: {h: }}' })
  writeFileSync(join(root, 'group_vars/all.yml'), Buffer.from('a: 1\nname: M\xfcller\n', 'latin1'))
  await t.rejects(readInventory(join(root, 'hosts.yaml')), { message: /all.yml:2:8: this is not UTF-8/ })
})

void t.test('inventories of the command line, the environment and the project', async (t) => {
  const root = t.testdir({
    'inventory.yaml': '',
    a: '',
    b: '',
    'empty.cfg': '',
    cfg: { 'ansible.cfg': '[defaults]\ninventory = hosts, ../a\n', hosts: '' },
  })
  const directory = process.cwd()
  process.chdir(root)
  t.teardown(() => {
    process.chdir(directory)
  })
  const of = (inventory: string[], ANSIBLE_INVENTORY?: string, config = 'empty.cfg') =>
    inventoryFiles(
      { inventory },
      root,
      new AnsibleConfig({ ANSIBLE_CONFIG: config, ...(ANSIBLE_INVENTORY === undefined ? {} : { ANSIBLE_INVENTORY }) }),
    )
  t.strictSame(of([]), { files: ['inventory.yaml'], warnings: [] })
  t.strictSame(of(['a', 'b'], 'inventory.yaml'), { files: ['a', 'b'], warnings: [] })
  t.strictSame(of([], 'a, b'), {
    files: ['a', 'b'],
    warnings: ['inventory: a, b (from $ANSIBLE_INVENTORY; -i overrides it)'],
  })
  t.strictSame(of([], ''), { files: ['inventory.yaml'], warnings: [] })
  t.strictSame(of([], undefined, 'cfg/ansible.cfg'), {
    files: ['cfg/hosts', 'a'],
    warnings: ['inventory: cfg/hosts, a (from cfg/ansible.cfg:2; -i overrides it)'],
  })
  t.strictSame(of(['web1,web2,', 'a']).files, ['web1,web2,', 'a'], 'a list of hosts')
  t.throws(() => of([], 'gone'), { message: /gone not found \(from \$ANSIBLE_INVENTORY\)/ })
  t.throws(() => of(['a', 'gone']), { message: /gone not found \(working directory/ })
})

void t.test('no pattern but its name selects the implicit localhost', async (t) => {
  const read = (text: string) => withLocalhost(parseInventory({ main: { path: 'i', text } }))
  const implicit = read('all: {hosts: {node1: , lan: }}')
  for (const pattern of ['*', '~.*', '*l*', '~.*host', 'all', 'ungrouped', '!node2:*', 'l*', '*:&*']) {
    t.notOk(selectHosts(implicit, pattern, () => undefined).includes('localhost'), pattern)
  }
  t.strictSame(limitHosts(implicit, ['node1', 'lan', 'localhost'], '*'), ['node1', 'lan'])
  t.strictSame(selectHosts(implicit, 'localhost'), ['localhost'])
  t.strictSame(selectHosts(implicit, 'lan,localhost'), ['lan', 'localhost'])
  const explicit = read('all: {hosts: {node1: , localhost: }}')
  for (const pattern of ['*', '~.*', 'all', 'l*']) t.ok(selectHosts(explicit, pattern).includes('localhost'), pattern)
})
