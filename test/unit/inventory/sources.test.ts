import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readInventory, type Inventory } from '../../../src/inventory/index.ts'

const shapeOf = ({ groups, hosts }: Inventory) => ({
  groups: Object.fromEntries([...groups.values()].map(({ name, ownHosts, children }) => [name, [ownHosts, children]])),
  hosts: Object.fromEntries([...hosts.values()].map(({ name, vars }) => [name, vars])),
})

/** An executable that answers `--list` and `--host NAME` and writes down how often it is called. */
const script = (list: unknown, more = '') =>
  `#!/bin/sh\necho "$@" >> "$0.calls"\ncase $1 in --list) cat <<'END'\n${typeof list === 'string' ? list : JSON.stringify(list)}\nEND\n;; ${more} esac\n`

void t.test('a directory: its files in alphabetical order, and its vars files', async (t) => {
  const root = t.testdir({
    '02-vars': '[web:vars]\nv=2\n',
    '01-hosts.ini': '[web]\na\nb v=host\n',
    '03.yaml': 'all: {children: {top: {children: {web: }}, db: {hosts: {c: }}}}',
    sub: { hosts: '[sub]\nd\n', group_vars: { 'sub.yml': 'ignored: 1' } },
    group_vars: { 'web.yml': 'w: file' },
    host_vars: { c: 'x: file' },
    'notes.md': '# [web]',
    'ansible.cfg': '[defaults]\nforks = 5\n',
    '.hidden': '[hidden]\nh\n',
    'old.bak': '[old]\no\n',
    'hosts~': '[old]\no\n',
  })
  const { groups, hosts } = shapeOf(await readInventory(root))
  t.strictSame(groups, {
    all: [[], ['ungrouped', 'top', 'db', 'sub']],
    ungrouped: [[], []],
    web: [['a', 'b'], []],
    top: [[], ['web']],
    db: [['c'], []],
    sub: [['d'], []],
  })
  t.strictSame(hosts, { a: { v: 2, w: 'file' }, b: { v: 'host', w: 'file' }, c: { x: 'file' }, d: {} })
  await t.rejects(readInventory(t.testdir({ a: { 'notes.md': '' } })), { message: /has no inventory/ })
})

void t.test('a list of hosts', async (t) => {
  const { groups, hosts } = shapeOf(await readInventory({ files: ['web1, web2:2222,,::1'] }))
  t.strictSame(hosts, { web1: {}, web2: { ansible_port: 2222 }, '::1': {} })
  t.strictSame(groups['ungrouped'], [['web1', 'web2', '::1'], []])
  const root = t.testdir({ hosts: '[web]\nweb1 v=1\n', 'a,b': 'from-file\n' })
  const merged = shapeOf(await readInventory({ files: [join(root, 'hosts'), 'web1,web2'] }))
  t.strictSame(merged.groups['ungrouped'], [['web2'], []], 'a host with a group stays in it')
  t.strictSame(Object.keys(shapeOf(await readInventory(join(root, 'a,b'))).hosts), ['from-file'], 'a file of that name')
  await t.rejects(readInventory('web[1:3],'), { message: /-i web\[1:3\],: -i with a list of hosts has no ranges/ })
})

void t.test('an executable prints JSON', async (t) => {
  const list = {
    web: { hosts: ['a', 'b'], vars: { v: 1, url: 'http://{{ inventory_hostname }}', n: null }, children: ['db'] },
    db: ['c'],
    d: { alone: true },
    empty: {},
    _meta: { hostvars: { a: { x: [1, { y: 'z' }] }, unknown: { x: 1 } } },
  }
  const root = t.testdir({ 'inv.sh': script(list), group_vars: { 'db.yml': 'w: file' } })
  chmodSync(join(root, 'inv.sh'), 0o755)
  const { groups, hosts } = shapeOf(await readInventory(join(root, 'inv.sh')))
  t.strictSame(groups, {
    all: [['a'], ['ungrouped', 'web', 'd', 'empty']],
    ungrouped: [[], []],
    web: [['a', 'b'], ['db']],
    db: [['c'], []],
    d: [['d'], []],
    empty: [['empty'], []],
  })
  t.match(hosts, { a: { v: 1, n: null, x: [1, { y: 'z' }] }, b: { v: 1 }, c: { w: 'file', v: 1 }, d: { alone: true } })
  t.equal(String(hosts['a']?.['url']), 'http://{{ inventory_hostname }}')
  t.notOk('unknown' in hosts, 'variables of hosts without a group are ignored')
  t.equal(readFileSync(join(root, 'inv.sh.calls'), 'utf8'), '--list\n')
})

void t.test('an executable without _meta is asked for each host', async (t) => {
  const more = `--host) test "$2" = a && echo '{"x": 1}' || echo ;;`
  const root = t.testdir({ inv: script({ web: ['a', 'b'] }, more) })
  chmodSync(join(root, 'inv'), 0o755)
  t.strictSame(shapeOf(await readInventory(join(root, 'inv'))).hosts, { a: { x: 1 }, b: {} })
  t.equal(readFileSync(join(root, 'inv.calls'), 'utf8'), '--list\n--host a\n--host b\n')
})

void t.test('errors of executables', async (t) => {
  const cases: [text: string, error: RegExp][] = [
    [script('no json'), /inv --list:1:1: the script must print a JSON object/],
    [script([1]), /inv --list:1:1: the script must print a JSON object/],
    [script({ web: { hosts: 'a' } }), /inv --list:1:17: this must be a list of names/],
    [script({ web: { hosts: ['a[1:2]'] } }), /a script prints single hosts, without ranges and ports/],
    [script({ web: { hosts: ['a'], vars: { 'x-y': 1 } } }), /inv --list:1:31: "x-y" is not a variable name/],
    [script({ web: ['a'], _meta: { hostvars: { a: { ansible_port: 'x' } } } }), /ansible_port must be a port/],
    [script({ _meta: [] }), /"_meta" must have "hostvars"/],
    [
      '#!/bin/sh\necho no token >&2; exit 3\n',
      /inv: this executable inventory failed with --list: exit code 3: no token/,
    ],
  ]
  for (const [text, error] of cases) {
    const root = t.testdir({ inv: text })
    chmodSync(join(root, 'inv'), 0o755)
    await t.rejects(readInventory(join(root, 'inv')), { name: 'InventoryError', message: error }, text)
  }
})

void t.test('an executable file of text is not run', async (t) => {
  const root = t.testdir({ hosts: '[web]\ntouch\n', 'hosts.yaml': 'all: {hosts: {a: }}' })
  for (const name of ['hosts', 'hosts.yaml']) chmodSync(join(root, name), 0o755)
  t.strictSame(Object.keys(shapeOf(await readInventory(join(root, 'hosts'))).hosts), ['touch'])
  t.strictSame(Object.keys(shapeOf(await readInventory(join(root, 'hosts.yaml'))).hosts), ['a'])
})
