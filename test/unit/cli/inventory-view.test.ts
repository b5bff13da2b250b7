import t from 'tap'
import { inventoryGraph, inventoryHost, inventoryList } from '../../../src/cli/inventory-view.ts'
import { parseInventory } from '../../../src/inventory/index.ts'

const inventory = parseInventory({
  main: {
    path: 'hosts',
    text: `[web]
b v=1
a
[db]
c ansible_host=10.0.0.3 l="[1, {'k': True}]"
[top:children]
web
db
[top:vars]
t="{{ v }}"
[empty]
`,
  },
})

void t.test('--graph --vars prints what ansible-inventory prints', async (t) => {
  t.equal(
    inventoryGraph(inventory, 'all', true),
    `@all:
  |--@ungrouped:
  |--@top:
  |  |--@web:
  |  |  |--b
  |  |  |  |--{t = {{ v }}}
  |  |  |  |--{v = 1}
  |  |  |--a
  |  |  |  |--{t = {{ v }}}
  |  |--@db:
  |  |  |--c
  |  |  |  |--{ansible_host = 10.0.0.3}
  |  |  |  |--{l = [1, {'k': True}]}
  |  |  |  |--{t = {{ v }}}
  |  |--{t = {{ v }}}
  |--@empty:
`,
  )
  t.equal(inventoryGraph(inventory, 'db', false), '@db:\n  |--c\n')
  t.throws(() => inventoryGraph(inventory, 'wbe', false), { message: '--graph wbe: no such group (did you mean web?)' })
})

void t.test('--list and --host print the JSON of ansible-inventory', async (t) => {
  const c = { ansible_host: '10.0.0.3', l: [1, { k: true }], t: '{{ v }}' }
  t.strictSame(JSON.parse(inventoryList(inventory, ['b', 'a', 'c'])), {
    _meta: { hostvars: { a: { t: '{{ v }}' }, b: { t: '{{ v }}', v: 1 }, c } },
    all: { children: ['ungrouped', 'top', 'empty'] },
    db: { hosts: ['c'] },
    top: { children: ['web', 'db'] },
    web: { hosts: ['b', 'a'] },
  })
  const limited = JSON.parse(inventoryList(inventory, ['a'])) as Record<string, unknown>
  t.strictSame([limited['web'], limited['db']], [{ hosts: ['a'] }, undefined], '--limit')
  t.strictSame(JSON.parse(inventoryHost(inventory, 'c')), c)
  t.throws(() => inventoryHost(inventory, 'd1'), { message: '--host d1: the inventory has no such host' })
})
