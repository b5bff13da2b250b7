import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { readInventory } from '../../../src/inventory/index.ts'

async function folderWith(files: Record<string, string>, root: string): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return root
}

const inventory = 'all: {children: {web: {hosts: {web1.lan: }}, db: {hosts: {db1: }}}}\n'

t.test('group_vars/ and host_vars/ next to the inventory are read', async (t) => {
  const directory = await folderWith(
    {
      'inventory.yaml': inventory,
      'group_vars/all.yml': 'a: 1',
      'group_vars/web.json': '{"b": 2}',
      'group_vars/db': 'c: 3',
      'host_vars/web1.lan.yaml': 'd: 4',
      'group_vars/README.md': 'not: [yaml',
      'group_vars/.web.yml.swp': 'not: [yaml',
    },
    t.testdir(),
  )
  const { hosts } = await readInventory(join(directory, 'inventory.yaml'))
  t.same(hosts.get('web1.lan')?.vars, { a: 1, b: 2, d: 4 })
  t.same(hosts.get('db1')?.vars, { a: 1, c: 3 })
})

t.test('files of a vars directory are read in alphabetical order', async (t) => {
  const directory = await folderWith(
    {
      'inventory.yaml': inventory,
      'group_vars/web/20-last.yml': 'v: last',
      'group_vars/web/10-first.yml': 'v: first\nw: first',
      'group_vars/web/more/x.yaml': 'x: deep',
      'group_vars/web/notes.txt': 'v: no',
      'group_vars/web/.30.yml': 'hidden: no',
      'group_vars/web/40~': 'v: no',
    },
    t.testdir(),
  )
  const { hosts } = await readInventory(join(directory, 'inventory.yaml'))
  t.same(hosts.get('web1.lan')?.vars, { v: 'last', w: 'first', x: 'deep' })
})

t.test('error for two files of one name', async (t) => {
  const directory = await folderWith(
    {
      'inventory.yaml': inventory,
      'group_vars/web.yml': 'a: 1',
      'group_vars/web/a.yml': 'a: 2',
    },
    t.testdir(),
  )
  await t.rejects(readInventory(join(directory, 'inventory.yaml')), {
    name: 'InventoryError',
    message: `${directory}/group_vars/web.yml: web exists too: keep one of them`,
  })
})

t.test('error for a missing inventory says what to do', async (t) => {
  const path = join(t.testdir(), 'hosts.yaml')
  await t.rejects(readInventory(path), {
    name: 'InventoryError',
    message: new RegExp(`^${path}: inventory file not found: specify one with "-i PATH"`),
  })
})

t.test('error for a dangling link in group_vars/ names it', async (t) => {
  const directory = t.testdir({
    'inventory.yaml': inventory,
    group_vars: { 'web.yml': t.fixture('symlink', 'nowhere') },
  })
  await t.rejects(readInventory(join(directory, 'inventory.yaml')), {
    name: 'InventoryError',
    message: /group_vars\/web\.yml: cannot read the file/,
  })
})
