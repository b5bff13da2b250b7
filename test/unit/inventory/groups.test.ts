import t from 'tap'
import { errorLines, inventoryOf } from './support.ts'

t.test('host is in its groups, their parents and all, once each', async (t) => {
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

t.test('group has its own hosts as listed, then those of its child groups', async (t) => {
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

t.test('hosts are in the order of their first entries', async (t) => {
  const { hosts } = inventoryOf('{web: {hosts: {c: , a: }}, all: {hosts: {b: , a: }}}')
  t.same([...hosts.keys()], ['c', 'a', 'b'])
})

t.test('ungrouped has exactly the hosts in no group but all', async (t) => {
  const { groups, hosts } = inventoryOf(`
all:
  hosts: {a: , b: }
  children: {web: {hosts: {b: }}, ungrouped: {hosts: {b: , c: }}}
`)
  t.same(groups.get('ungrouped')?.hosts, ['c', 'a'])
  t.same(hosts.get('a')?.groups, ['all', 'ungrouped'])
  t.same(hosts.get('b')?.groups, ['all', 'web'])
})

t.test('several entries of a group are merged', async (t) => {
  const { groups } = inventoryOf(`
web: {hosts: {a: }, vars: {x: 1, y: 1}}
all:
  children:
    web: {hosts: {b: }, vars: {y: 2}}
`)
  t.match(groups.get('web'), { name: 'web', hosts: ['a', 'b'], vars: { x: 1, y: 2 } })
})

t.test('top-level groups are children of all', async (t) => {
  const { hosts } = inventoryOf('{web: {hosts: {a: }}, all: {vars: {x: 1}}}')
  t.same(hosts.get('a'), { name: 'a', groups: ['all', 'web'], vars: { x: 1 } })
})

t.test('single host may be a string, as in Ansible', async (t) => {
  const { groups } = inventoryOf('all: {hosts: web1, children: db}')
  t.same([...groups.keys()], ['all', 'ungrouped', 'db'])
  t.same(groups.get('all')?.hosts, ['web1'])
})

t.test('variables of a range apply to each of its hosts', async (t) => {
  const { hosts } = inventoryOf('all: {hosts: {"node[1:2]:2222": {x: 1}}}')
  t.same(
    [...hosts.values()].map(({ name, vars }) => [name, vars]),
    [
      ['node1', { ansible_port: 2222, x: 1 }],
      ['node2', { ansible_port: 2222, x: 1 }],
    ],
  )
})

t.test('error for a group cycle names its groups', async (t) => {
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
    errorLines(() => inventoryOf(circle)),
    [
      'inventory.yaml:10:17: group cycle: b -> c -> a -> b: remove one of them',
      'inventory.yaml:13:9: group cycle: self -> self: remove one of them',
    ],
  )
  t.match(
    errorLines(() => inventoryOf('{web: {children: {all: }}}')),
    [/group cycle: .*all/],
  )
})

t.test('error for a name that is both a host and a group', async (t) => {
  t.same(
    errorLines(() => inventoryOf('all:\n  hosts:\n    web:\n  children:\n    web:\n')),
    ['inventory.yaml:3:5: "web" is both a host and a group with other hosts: rename one of them'],
  )
  // As in Ansible, the variables of such a host are those of the group.
  const { groups, hosts } = inventoryOf('web: {hosts: {web: {x: 1}}, vars: {x: 2, y: 3}}')
  t.same(groups.get('web')?.vars, { x: 1, y: 3 })
  t.same(hosts.get('web')?.vars, { x: 1, y: 3 })
})

t.test('parsing handles 10,000 hosts in 100 groups', async (t) => {
  const lines = Array.from({ length: 10_000 }, (_, n) => `        host${n}: {ansible_host: 10.0.${n >> 8}.${n & 255}}`)
  const groups = Array.from({ length: 100 }, (_, n) =>
    [`    g${n}:`, '      hosts:', ...lines.slice(n * 100, n * 100 + 100)].join('\n'),
  )
  const { hosts } = inventoryOf(`all:\n  children:\n${groups.join('\n')}\n`)
  t.equal(hosts.size, 10_000)
  t.same(hosts.get('host9999')?.groups, ['all', 'g99'])
})
