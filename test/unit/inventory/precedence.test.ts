import t from 'tap'
import { parseInventory } from '../../../src/inventory/index.ts'
import { inventoryOf } from './support.ts'

const chain = `
all:
  vars: {v: all}
  children:
    parent:
      vars: {v: parent}
      children:
        child:
          vars: {v: child}
          hosts:
            h: {v: host}
`
const without = (...names: string[]) => names.reduce((text, name) => text.replace(`{v: ${name}}`, '{}'), chain)

t.test('precedence is all, parent, child, host', async (t) => {
  const v = (text: string) => inventoryOf(text).hosts.get('h')?.vars.v
  t.equal(v(chain), 'host')
  t.equal(v(without('host')), 'child')
  t.equal(v(without('host', 'child')), 'parent')
  t.equal(v(without('host', 'child', 'parent')), 'all')
})

t.test('group_vars/ overrides group vars of the inventory file, but not its host vars', async (t) => {
  const v = (text: string, groupVars: Record<string, string>) => inventoryOf(text, { groupVars }).hosts.get('h')?.vars.v
  t.equal(v(without('host'), { all: 'v: all-file' }), 'all-file', 'stronger than the inventory file on a child')
  t.equal(v(without('host'), { all: 'v: all-file', parent: 'v: parent-file' }), 'parent-file')
  t.equal(v(without('host'), { parent: 'v: parent-file', child: 'v: child-file' }), 'child-file')
  t.equal(v(chain, { child: 'v: child-file' }), 'host')
})

t.test('host_vars/ overrides everything', async (t) => {
  t.equal(inventoryOf(chain, { groupVars: { child: 'v: 1' }, hostVars: { h: 'v: 2' } }).hosts.get('h')?.vars.v, 2)
})

t.test('groups of one depth are ordered by ansible_group_priority, then by name', async (t) => {
  const siblings = (a: string, b: string) =>
    inventoryOf(`{b: {hosts: {h: }, vars: {v: b${b}}}, a: {hosts: {h: }, vars: {v: a${a}}}}`).hosts.get('h')?.vars
  t.same(siblings('', ''), { v: 'b' })
  t.same(siblings(', ansible_group_priority: 10', ''), { v: 'a' })
  t.same(siblings(', ansible_group_priority: 10', ', ansible_group_priority: 11'), { v: 'b' })
})

t.test('deeper group overrides a group with a higher priority', async (t) => {
  const { hosts } = inventoryOf(`
p: {vars: {v: p, ansible_group_priority: 99}, children: {c: }}
c: {vars: {v: c}, hosts: {h: }}
`)
  t.equal(hosts.get('h')?.vars.v, 'c')
})

t.test('depth of a group is its longest path from all', async (t) => {
  const { hosts } = inventoryOf(`
all:
  children:
    far: {vars: {v: far}, hosts: {h: }}
    zone: {vars: {v: zone}, hosts: {h: }}
    a: {children: {b: {children: {far: }}}}
`)
  t.equal(hosts.get('h')?.vars.v, 'far')
})

t.test('values are replaced, not merged', async (t) => {
  const { hosts } = inventoryOf('all: {vars: {d: {a: 1, b: 1}}, hosts: {h: {d: {a: 2}}}}')
  t.same(hosts.get('h')?.vars, { d: { a: 2 } })
})

t.test('later vars file of the same name overrides the earlier one', async (t) => {
  const files = ['x: 1\ny: 1', 'y: 2', ''].map((text, n) => ({ name: 'all', path: `group_vars/all/${n}.yml`, text }))
  const { hosts } = parseInventory({
    main: { path: 'i', text: 'all: {hosts: {h: }}' },
    vars: [{ groupVars: files, hostVars: [] }],
  })
  t.same(hosts.get('h')?.vars, { x: 1, y: 2 })
})

t.test('vars files for unknown names are ignored', async (t) => {
  const { hosts } = inventoryOf('all: {hosts: {h: }}', { groupVars: { other: '{{{' }, hostVars: { gone: '- 1' } })
  t.same(hosts.get('h')?.vars, {})
})

t.test('group has only its own variables', async (t) => {
  const { groups } = inventoryOf(chain, { groupVars: { child: 'w: 1' } })
  t.same(groups.get('child')?.vars, { v: 'child', w: 1 })
})

t.test('variables keep their YAML type, connection variables too', async (t) => {
  const { hosts } = inventoryOf(`all: {hosts: {h: {
    ansible_become: yes, ansible_pipelining: "Off", ansible_port: '22', ansible_host: ::1,
    mine: yes, n: 1, none: null}}}`)
  t.same(hosts.get('h')?.vars, {
    ansible_become: true,
    ansible_pipelining: 'Off',
    ansible_port: '22',
    ansible_host: '::1',
    mine: true,
    n: 1,
    none: null,
  })
})

t.test('anchors, aliases and merge keys are resolved', async (t) => {
  const { hosts } = inventoryOf('all: {hosts: {a: &a {x: 1, y: 1}, d: &d {z: 1}, b: {<<: *a, <<: *d, y: 2}, c: *a}}')
  t.same(hosts.get('b')?.vars, { x: 1, y: 2, z: 1 })
  t.same(hosts.get('c')?.vars, { x: 1, y: 1 })
})
