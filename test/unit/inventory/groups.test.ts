import t from 'tap'
import { complaints, inventoryOf } from './support.ts'

t.test('a host is in its groups, their parents and all, once each', async (t) => {
  const { hosts } = inventoryOf(`
all:
  children:
    site:
      children:
        web: {hosts: {a: , b: }}
    prod: {hosts: {a: }}
    rack: {children: {web: }}
`)
  t.same(hosts.get('a')?.groups, ['all', 'prod', 'rack', 'site', 'web'])
  t.same(hosts.get('b')?.groups, ['all', 'rack', 'site', 'web'])
})

t.test('a group has its own hosts as listed, then those of its child groups', async (t) => {
  const { groups } = inventoryOf(`
all:
  children:
    site:
      children:
        web: {hosts: {w1: , both: }}
        db: {hosts: {both: , d1: }}
      hosts: {z: , a: }
`)
  t.same(groups.get('site')?.hosts, ['z', 'a', 'w1', 'both', 'd1'])
  t.same(groups.get('all')?.hosts, ['z', 'a', 'w1', 'both', 'd1'])
})

t.test('hosts come in the order in which the file first names them', async (t) => {
  const { hosts } = inventoryOf('{web: {hosts: {c: , a: }}, all: {hosts: {b: , a: }}}')
  t.same([...hosts.keys()], ['c', 'a', 'b'])
})

t.test('hosts in no group but all are ungrouped, and only those', async (t) => {
  const { groups, hosts } = inventoryOf(`
all:
  hosts: {a: , b: }
  children: {web: {hosts: {b: }}, ungrouped: {hosts: {b: , c: }}}
`)
  t.same(groups.get('ungrouped')?.hosts, ['c', 'a'])
  t.same(hosts.get('a')?.groups, ['all', 'ungrouped'])
  t.same(hosts.get('b')?.groups, ['all', 'web'])
})

t.test('a group that stands in two places is one', async (t) => {
  const { groups } = inventoryOf(`
web: {hosts: {a: }, vars: {x: 1, y: 1}}
all:
  children:
    web: {hosts: {b: }, vars: {y: 2}}
`)
  t.same(groups.get('web'), { name: 'web', hosts: ['a', 'b'], vars: { x: 1, y: 2 } })
})

t.test('groups at the top level are under all', async (t) => {
  const { hosts } = inventoryOf('{web: {hosts: {a: }}, all: {vars: {x: 1}}}')
  t.same(hosts.get('a'), { name: 'a', groups: ['all', 'web'], vars: { x: 1 } })
})

t.test('a single name needs no colon, as in Ansible', async (t) => {
  const { groups } = inventoryOf('all: {hosts: web1, children: db}')
  t.same([...groups.keys()], ['all', 'ungrouped', 'db'])
  t.same(groups.get('all')?.hosts, ['web1'])
})

t.test('a range gives each of its hosts the same variables', async (t) => {
  const { hosts } = inventoryOf('all: {hosts: {"node[1:2]:2222": {x: 1}}}')
  t.same(
    [...hosts.values()].map(({ name, vars }) => [name, vars]),
    [
      ['node1', { ansible_port: 2222, x: 1 }],
      ['node2', { ansible_port: 2222, x: 1 }],
    ],
  )
})

t.test('groups that contain each other are an error that names the circle', async (t) => {
  const circle = `
all:
  children:
    a:
      children:
        b:
          children:
            c:
              children:
                a:
    self:
      children:
        self:
    below:
      hosts: {h: }
`
  t.same(
    complaints(() => inventoryOf(circle)),
    [
      'inventory.yaml:10:17: groups contain each other: b -> c -> a -> b; take one of them out',
      'inventory.yaml:13:9: groups contain each other: self -> self; take one of them out',
    ],
  )
  t.match(
    complaints(() => inventoryOf('{web: {children: {all: }}}')),
    [/groups contain each other: .*all/],
  )
})

t.test('a host and a group must not share a name', async (t) => {
  t.same(
    complaints(() => inventoryOf('all:\n  hosts:\n    web:\n  children:\n    web:\n')),
    ['inventory.yaml:3:5: "web" is the name of a host and of a group: rename one of them'],
  )
})

t.test('10,000 hosts in 100 groups are read', async (t) => {
  const lines = Array.from({ length: 10_000 }, (_, n) => `        host${n}: {ansible_host: 10.0.${n >> 8}.${n & 255}}`)
  const groups = Array.from({ length: 100 }, (_, n) =>
    [`    g${n}:`, '      hosts:', ...lines.slice(n * 100, n * 100 + 100)].join('\n'),
  )
  const { hosts } = inventoryOf(`all:\n  children:\n${groups.join('\n')}\n`)
  t.equal(hosts.size, 10_000)
  t.same(hosts.get('host9999')?.groups, ['all', 'g99'])
})
