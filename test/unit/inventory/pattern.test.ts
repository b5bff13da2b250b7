import fc from 'fast-check'
import t from 'tap'
import { limitHosts, PatternError, selectHosts } from '../../../src/inventory/index.ts'
import { inventoryOf } from './support.ts'

const inventory = inventoryOf(`
all:
  hosts:
    bastion:
    fe80::1:
  children:
    web:
      hosts:
        web[1:3]:
    db:
      hosts:
        db1:
        db2.example.com:
    prod:
      hosts:
        web1:
        db1:
    empty:
    site:
      children:
        db:
        web:
`)

const select = (pattern: string) => selectHosts(inventory, pattern).join(' ')

t.test('patterns select the same hosts as in Ansible', async (t) => {
  const everything = 'bastion fe80::1 web1 web2 web3 db1 db2.example.com'
  const cases: [string, string][] = [
    ['all', everything],
    ['*', everything],
    ['web', 'web1 web2 web3'],
    ['web2', 'web2'],
    ['ungrouped', 'bastion fe80::1'],
    ['site', 'db1 db2.example.com web1 web2 web3'],
    ['db:web', 'db1 db2.example.com web1 web2 web3'],
    ['web,db', 'web1 web2 web3 db1 db2.example.com'],
    [' web1 , db1 ', 'web1 db1'],
    ['web1:web', 'web1 web2 web3'],
    ['web:&prod', 'web1'],
    ['&prod:web', 'web1'],
    ['!prod:web:db', 'web2 web3 db2.example.com'],
    ['web:db:&prod:!db', 'web1'],
    ['!web', 'bastion fe80::1 db1 db2.example.com'],
    ['&prod', 'web1 db1'],
    ['web:!web', ''],
    ['web?', 'web1 web2 web3'],
    ['*.example.com', 'db2.example.com'],
    ['web[13]*', 'web1 web3'],
    ['web[!13]*', 'web2'],
    ['~web[12]$', 'web1 web2'],
    ['~eb', 'PatternError'],
    ['~\\Aweb[12]\\Z', 'web1 web2'],
    ['~(?i)WEB[12]$', 'web1 web2'],
    ['web[0]', 'web1'],
    ['web[-1]', 'web3'],
    ['web[0:1]', 'web1 web2'],
    ['web[1:]', 'web2 web3'],
    ['web[0:0]', 'web1'],
    ['web[1:9]', 'web2 web3'],
    ['web[0]:db[0]', 'web1 db1'],
    ['web:!web[0]', 'web2 web3'],
    ['site[2]', 'web1'],
    ['fe80::1', 'fe80::1'],
    ['fe80::1,web1', 'fe80::1 web1'],
    ['all,!fe80::1,!site', 'bastion'],
    ['empty', ''],
    ['web:!empty', 'web1 web2 web3'],
    ['web:&empty', ''],
  ]
  for (const [pattern, hosts] of cases) {
    if (hosts === 'PatternError') t.throws(() => select(pattern), PatternError, pattern)
    else t.equal(select(pattern), hosts, pattern)
  }
})

t.test('error for a term without a match names it and suggests one', async (t) => {
  const cases: [string, RegExp][] = [
    ['wbe', /^no host or group in the inventory matches "wbe": did you mean web/],
    ['web:!wbe1', /matches "wbe1" \(in "web:!wbe1"\): did you mean web1/],
    ['web:&prood', /matches "prood" .*did you mean prod\?/],
    ['zzzzzz', /the groups are all, ungrouped, web, db/],
    ['zz*', /matches "zz\*"/],
    ['web[3]', /"web\[3\]" is out of range: web has 3 hosts/],
    ['web[-4]', /is out of range: web/],
    ['bastion[1]', /out of range: bastion has 1 host$/],
    ['web[0-2]', /is ambiguous: write web\[0:2\] for a slice/],
    ['web:db,bastion', /"web:db" \(in .*colons do not separate/],
    ['~(', /"~\(" is not a valid pattern/],
    ['[z-a]*', /^no host or group in the inventory matches "\[z-a\]\*"/],
    ['', /the host pattern is empty/],
    [' , ', /the host pattern is empty/],
  ]
  for (const [pattern, message] of cases) {
    t.throws(() => select(pattern), { name: 'PatternError', message }, pattern)
  }
})

t.test('as in Ansible, an index out of range is an error, also of a term in the hosts of a play', async (t) => {
  for (const pattern of ['web[7]', 'web[-4]', 'db:!web[7]'])
    t.throws(() => selectHosts(inventory, pattern, () => t.fail('a warning')), { message: /is out of range/ }, pattern)
})

t.test("ignored term without a match selects no host and gives Ansible's warning", async (t) => {
  const warnings: string[] = []
  const cases: [pattern: string, hosts: string, ...warnings: string[]][] = [
    [
      'docker',
      '',
      'Could not match supplied host pattern, ignoring: docker (the groups are all, ungrouped, web, db, prod, empty, site)',
    ],
    ['wbe:db', 'db1 db2.example.com', 'Could not match supplied host pattern, ignoring: wbe (did you mean web?)'],
    ['web:!wbe1', 'web1 web2 web3', 'Could not match supplied host pattern, ignoring: wbe1 (did you mean web1?)'],
    [
      'web:&dockers',
      '',
      'Could not match supplied host pattern, ignoring: dockers (the groups are all, ungrouped, web, db, prod, empty, site)',
    ],
    [
      'docker[0]',
      '',
      'Could not match supplied host pattern, ignoring: docker[0] (the groups are all, ungrouped, web, db, prod, empty, site)',
    ],
    ['web[7:9]', '', 'Could not match supplied host pattern, ignoring: web[7:9] (web has 3 hosts)'],
    ['empty', ''],
    ['empty[0]', '', 'Could not match supplied host pattern, ignoring: empty[0] (empty has 0 hosts)'],
  ]
  for (const [pattern, hosts, ...expected] of cases) {
    t.equal(selectHosts(inventory, pattern, (warning) => warnings.push(warning)).join(' '), hosts, pattern)
    t.strictSame(warnings.splice(0), expected, pattern)
  }
  t.throws(
    () => selectHosts(inventory, '~(', () => undefined),
    { name: 'PatternError' },
    'an invalid term is still an error',
  )
})

t.test('limit keeps the order of the hosts', async (t) => {
  t.same(limitHosts(inventory, ['db1', 'web2', 'web1'], 'web:db'), ['db1', 'web2', 'web1'])
  t.same(limitHosts(inventory, ['db1', 'web2', 'web1'], '!db'), ['web2', 'web1'])
})

t.test('error for a limit without a match names limit and hosts', async (t) => {
  const message = '--limit "db" matches none of the hosts web1, web2'
  t.throws(() => limitHosts(inventory, ['web1', 'web2'], 'db'), { name: 'PatternError', message })
  t.throws(() => limitHosts(inventory, ['web1'], 'nobody'), /no host or group in the inventory matches "nobody"/)
})

const term = fc.constantFrom(
  'all',
  'web',
  'db',
  'prod',
  'site',
  'ungrouped',
  'web1',
  'db1',
  'web*',
  '~db',
  'web[0]',
  'empty',
)
const set = (pattern: string) => new Set(selectHosts(inventory, pattern))
const same = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every((host) => b.has(host))

t.test('`:` is a union, `:&` an intersection, `:!` a difference', async () => {
  fc.assert(
    fc.property(term, term, (a, b) => {
      const [left, right] = [set(a), set(b)]
      return (
        same(set(`${a}:${b}`), new Set([...left, ...right])) &&
        same(set(`${a}:&${b}`), new Set([...left].filter((host) => right.has(host)))) &&
        same(set(`${a}:!${b}`), new Set([...left].filter((host) => !right.has(host))))
      )
    }),
  )
})

t.test('position of & and ! terms makes no difference', async () => {
  fc.assert(
    fc.property(term, term, term, (a, b, c) => {
      const orders = [`${a},&${b},!${c}`, `!${c},${a},&${b}`, `&${b},!${c},${a}`].map((pattern) => select(pattern))
      return new Set(orders).size === 1
    }),
  )
})

t.test('selection has no duplicates and no excluded host', async () => {
  fc.assert(
    fc.property(fc.array(term, { minLength: 1, maxLength: 5 }), term, (terms, excluded) => {
      const hosts = selectHosts(inventory, [...terms, `!${excluded}`].join(','))
      const without = set(excluded)
      return hosts.length === new Set(hosts).size && hosts.every((host) => !without.has(host))
    }),
  )
})
