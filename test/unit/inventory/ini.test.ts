import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { InventoryError, parseInventory, type Inventory } from '../../../src/inventory/index.ts'
import { expected, plain, type Described } from './ansible-yaml.ts'
import { errorLines, inventoryOf } from './support.ts'

/** What ansible-core reads from an inventory; null: it refuses it. */
type Read = {
  readonly groups: readonly (readonly [name: string, hosts: readonly string[], children: readonly string[]])[]
  readonly hosts: Readonly<Record<string, readonly (readonly [name: string, value: Described])[]>>
} | null

interface Fixture {
  readonly values: readonly (readonly [string, Described])[]
  readonly lines: readonly (readonly [string, Read])[]
  readonly documents: readonly (readonly [string, Read])[]
}

const fixture = JSON.parse(readFileSync(new URL('../../fixtures/ini/ansible.json', import.meta.url), 'utf8')) as Fixture

const parse = (text: string): Inventory => parseInventory({ main: { path: 'hosts', text } })

/** Undefined: Labbook refuses the text. */
function read(text: string): Inventory | undefined {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof InventoryError) return undefined
    throw error
  }
}

const shapeOf = ({ groups, hosts }: Inventory) => ({
  groups: [...groups.values()].map(({ name, ownHosts, children }) => [name, ownHosts, children]).sort(),
  hosts: Object.fromEntries([...hosts.values()].map(({ name, vars }) => [name, plain(vars)])),
})

/** Undefined: a value that Labbook does not have. */
function ansibleShape(ansible: NonNullable<Read>) {
  const hosts = Object.entries(ansible.hosts).map(([name, vars]): [string, unknown] => [
    name,
    Object.fromEntries(vars.map(([key, value]) => [key, expected(value)])),
  ])
  if (hosts.some(([, vars]) => Object.values(vars as object).includes(undefined))) return undefined
  return { groups: ansible.groups, hosts: Object.fromEntries(hosts) }
}

/** The cases that Labbook reads differently than Ansible, and those that only Labbook refuses. */
function compare(cases: readonly (readonly [string, Read])[]) {
  const different: unknown[][] = []
  const refused: string[] = []
  for (const [text, ansible] of cases) {
    const inventory = read(text)
    const shape = ansible === null ? null : ansibleShape(ansible)
    if (inventory === undefined) {
      if (shape !== null && shape !== undefined) refused.push(text)
    } else if (!isDeepStrictEqual(shapeOf(inventory), shape)) different.push([text, shape, shapeOf(inventory)])
  }
  return { different, refused }
}

void t.test('each value is read as by ansible-core, or refused', async (t) => {
  const different: unknown[] = []
  const refused: string[] = []
  for (const [text, described] of fixture.values) {
    const vars = read(`h\n[all:vars]\nv=${text}\n`)?.hosts.get('h')?.vars
    const ansible = described === null ? null : expected(described)
    if (vars === undefined) {
      if (ansible !== null && ansible !== undefined) refused.push(text)
    } else if (!isDeepStrictEqual(plain(vars['v']), ansible)) different.push([text, described, vars['v']])
  }
  t.ok(fixture.values.length > 180)
  t.strictSame(different, [])
  t.strictSame(refused, ['{1, 2}', "{'a', 'a'}", '"\\N{BULLET}"'], 'sets, which have no order; names of characters')
})

void t.test('each line of a host is read as by ansible-core, or refused', async (t) => {
  const { different, refused } = compare(fixture.lines)
  t.ok(fixture.lines.length > 70)
  t.strictSame(
    different.map(([text]) => text),
    ['web1 ansible_user=1000', 'web1 ansible_password=12345'],
    'connection variables that are text',
  )
  t.equal(parse('web1 ansible_user=1000').hosts.get('web1')?.vars['ansible_user'], '1000')
  t.strictSame(refused, [
    'web1: a=1',
    `web1 a='"text"' b="'text'" c='"a" "b"' d="[1, 2]" e='{"k": 1}'`,
    'web1 =a',
    'web1 a-b=1',
    'web1 1a=1',
    'web[3:1]',
    'web[1:',
    '-web',
    'web1,web2',
    'user@web1',
    'web/1',
    'web1 ansible_port=abc',
    'web1 ansible_group_priority=5',
  ])
})

void t.test('each inventory has the groups, hosts and variables of ansible-core, or is refused', async (t) => {
  const { different, refused } = compare(fixture.documents)
  t.ok(fixture.documents.length > 40)
  t.strictSame(different, [])
  t.strictSame(refused, [
    '[g-1]\na\n[g.2]\nb\n[g_3]\nc\n[3g]\nd\n[g@4]\ne\n',
    '[web]\nweb v=1\nother\n',
    '# only a comment\n',
    'all\n',
    '[web]\nall v=1\n',
  ])
})

void t.test('errors have the line, the column and a remedy', async (t) => {
  const cases: [text: string, error: string][] = [
    ['[web]\na\nb  x', 'hosts:3:4: after the host, variables follow as name=value: put each host on its own line'],
    ['[web]\n  a x="y', 'hosts:2:3: a double quote is not closed: quote values with spaces, as in name="two words"'],
    ['[web]\na x=1 v=2.0', 'hosts:2:9: v: this number has a decimal point or an exponent but no fraction: quote it'],
    ['[web]\na\n[web:vars]\nv = 1.0', 'hosts:4:5: v: this number has a decimal point'],
    ['[web]\na\n[web:vars]\nv', 'hosts:4:1: [web:vars] has variables, each on its own line as "name=value"'],
    ['[web:vars]\nv=1', 'hosts:1:1: [web:vars] has no group: add the section [web]'],
    ['[web:children]\nnowhere', 'hosts:2:1: [web:children] has no group "nowhere": add the section [nowhere]'],
    ['[web:childs]\na', 'hosts:1:1: unknown section [web:childs]: write [web:vars] or [web:children]'],
    ['[ web ]\na', 'hosts:1:1: this is not a section: write [group], [group:vars] or [group:children]'],
    ['[web]\na ansible_port=70000', 'hosts:2:16: ansible_port must be a port, a whole number in 1..65535'],
    ['[web]\na ansible_prot=22', 'hosts:2:3: unknown variable ansible_prot: did you mean ansible_port?'],
    ['[web]\na\n[web:vars]\nmy-var=1', 'hosts:4:1: "my-var" is not a variable name'],
    ['[a:children]\nb\n[b:children]\na', 'hosts:4:1: group cycle: b -> a -> b: remove one of them'],
    ['a e=\'{"k": 1}\'', 'hosts: Ansible reads this file as YAML'],
  ]
  for (const [text, error] of cases) t.match(errorLines(() => parse(`${text}\n`))[0], error, text)
})

void t.test('the name and the content of a file decide about its format, as in Ansible', async (t) => {
  const hostsOf = (path: string, text: string) => [...parseInventory({ main: { path, text } }).hosts.keys()]
  const [ini, yaml] = ['[web]\na\n', 'web: {hosts: {a: }}\n']
  for (const path of ['hosts', 'hosts.ini', 'inventory.prod', 'hosts.yaml', 'x/y.z/hosts'])
    t.strictSame(hostsOf(path, ini), ['a'], path)
  for (const path of ['hosts', 'hosts.yml', 'hosts.json']) t.strictSame(hostsOf(path, yaml), ['a'], path)
  t.match(errorLines(() => hostsOf('hosts.ini', yaml))[0], /if this file is YAML, let its name end with .yaml/)
  t.match(errorLines(() => hostsOf('hosts.toml', ini))[0], 'TOML inventories are not supported')
  t.match(
    errorLines(() => hostsOf('aws.yml', 'plugin: amazon.aws.aws_ec2\nregions: [x]\n'))[0],
    'aws.yml: this file is for the inventory plugin "amazon.aws.aws_ec2", which is not supported',
  )
})

void t.test('a section of variables may be for a group of an inventory before it', async (t) => {
  const main = [
    { path: '1.yaml', text: 'all: {children: {web: {hosts: {a: }}}}' },
    { path: '2.ini', text: '[web:vars]\nv=1\n[top:children]\nweb\n' },
  ]
  const { hosts } = parseInventory({ main })
  t.strictSame(hosts.get('a'), { name: 'a', groups: ['all', 'top', 'web'], vars: { v: 1 } })
})

void t.test('group_vars override the variables of INI groups', async (t) => {
  const { hosts } = inventoryOf('[web]\na v=host\n[web:vars]\nv=group\nw=group\n', {
    groupVars: { web: '{v: file, w: file}' },
  })
  t.strictSame(hosts.get('a')?.vars, { v: 'host', w: 'file' })
})
