import t from 'tap'
import { isDeepStrictEqual } from 'node:util'
import { connectionSettings } from '../../../src/connection/index.ts'
import { mergeExtraVars, parseExtraVars } from '../../../src/cli/extra-vars.ts'
import { withLab } from '../../../src/cli/lab.ts'
import { withLocalhost } from '../../../src/cli/localhost.ts'
import { template } from '../../../src/modules/index.ts'
import { PlaybookError } from '../../../src/playbook/play.ts'
import { parseInventory, parseVars } from '../../../src/inventory/index.ts'
import { inventoryVariables, renderVariables } from '../../../src/playbook/variables.ts'
import { expected, fixture } from '../inventory/ansible-yaml.ts'

/** Variables of a vars file, rendered for host web1. */
const varsOf = (text: string): Readonly<Record<string, unknown>> =>
  renderVariables(parseVars({ path: 'group_vars/all.yml', text }) ?? {}, { host: 'web1' })

void t.test('each variable has the value and type that ansible-core gives it', async (t) => {
  const different: unknown[] = []
  for (const [text, described] of fixture.variables) {
    const ansible = described?.[0] === 'str' ? described[1] : expected(described)
    let value: unknown
    try {
      value = structuredClone(varsOf(text)['result'])
    } catch {
      value = 'refused'
    }
    if (!isDeepStrictEqual(value, ansible)) different.push([text, { ansible: described, value }])
  }
  t.ok(fixture.variables.length > 50)
  t.strictSame(different, [])
})

const inventory = (text: string) => withLocalhost(parseInventory({ main: { path: 'hosts.yaml', text } }))

const WEB = `all:
  vars:
    domain: "{{ inventory_hostname }}.example.org"
    base_url: "https://{{ domain }}:{{ port }}/"
    db_url: "{{ hostvars['db1'].base_url }}db"
    first: "{{ groups['web'][0] }}"
    mine: "{{ group_names | join(',') }}"
    port: 80
    literal: !unsafe "{{ domain }}"
    raw: "{% raw %}{{ domain }}{% endraw %}"
  children:
    web: {hosts: {web1: {port: 8080}, web2: {ansible_host: "10.0.0.{{ id }}", id: 7, ansible_port: "{{ port + 1 }}"}}}
    db: {hosts: {db1: }}
`

void t.test('each host has its own values, and those of others by hostvars', async (t) => {
  const vars = inventoryVariables(inventory(WEB), {})
  t.equal(vars('web1').base_url, 'https://web1.example.org:8080/')
  t.equal(vars('web2').base_url, 'https://web2.example.org:80/')
  t.equal(vars('web1').db_url, 'https://db1.example.org:80/db')
  t.equal(vars('db1').first, 'web1')
  t.equal(vars('db1').mine, 'db')
  t.equal(vars('web1').literal, '{{ domain }}')
  t.equal(vars('web1').raw, '{{ domain }}')
})

void t.test('extra variables are rendered, and override what others refer to', async (t) => {
  const extra = mergeExtraVars(["port=1 name='{{ domain }}'"].map(parseExtraVars), {})
  const vars = inventoryVariables(inventory(WEB), extra)('web1')
  t.equal(vars.base_url, 'https://web1.example.org:1/')
  t.equal(vars.name, 'web1.example.org')
})

void t.test('connection variables are rendered', async (t) => {
  const vars = inventoryVariables(inventory(WEB), {})
  t.match(connectionSettings('web2', vars('web2')), { address: '10.0.0.7', port: 81 })
  const wrong = inventoryVariables(inventory('all: {hosts: {h: {ansible_port: "{{ p }}", p: no}}}'), {})
  t.throws(() => connectionSettings('h', wrong('h')), { message: /h: ansible_port must be a port number/ })
  const number = inventoryVariables(inventory('all: {hosts: {h: {ansible_password: "{{ p }}", p: 123}}}'), {})
  t.throws(() => connectionSettings('h', number('h')), { message: /ansible_password must be a string: quote it/ })
})

void t.test('the lab reads rendered variables', async (t) => {
  const lab = inventory(`all:
  hosts: {n1: {id: 11}, n2: {id: 12}}
  vars: {lab_provider: "{{ p }}", p: namespaces, lab_name: "x{{ p }}", ansible_host: "10.77.0.{{ id }}"}
`)
  const { hosts } = withLab(lab, {})
  t.match(hosts.get('n2')?.vars, { lab_provider: 'namespaces', lab_name: 'xnamespaces', ansible_host: '10.77.0.12' })
})

void t.test('a loop is an error that names the variables', async (t) => {
  const message = (text: string, name = 'a'): string => {
    try {
      return String(varsOf(text)[name])
    } catch (error) {
      t.ok(error instanceof PlaybookError)
      return (error as Error).message
    }
  }
  t.equal(
    message('a: "{{ b }}"\nb: "x {{ c }}"\nc: "{{ a }}"\n'),
    'group_vars/all.yml:1:4: variables of web1 refer to each other in a loop: a -> b -> c -> a',
  )
  t.match(message('a: "{{ a }}"\n'), /in a loop: a -> a$/)
  t.match(message('a: "{{ m.x }}"\nm: {x: "{{ a }}"}\n'), /in a loop: a -> m.x -> a$/)
  const across = inventoryVariables(
    inventory('all: {vars: {a: "{{ hostvars[other].a }}"}, hosts: {h: {other: g}, g: {other: h}}}'),
    {},
  )
  t.throws(() => across('h').a, { message: /loop: a -> a of g -> a$/ })
})

void t.test('a variable that is not defined: where, which, and of which host', async (t) => {
  const vars = varsOf('ok: 1\nurl: "https://{{ domain }}/"\nmore: "{{ url }}x"\ndeep: {list: ["{{ gone }}"]}\n')
  t.throws(() => vars['url'], {
    message: 'group_vars/all.yml:2:6: variable "url" of web1: {{ domain }} is not defined',
  })
  t.throws(() => vars['more'], { message: /^group_vars\/all.yml:2:6: variable "url"/ }, 'the cause')
  t.throws(() => JSON.stringify(vars['deep']), { message: /all.yml:4:15: variable "deep.list\[0\]" of web1/ })
  t.equal(vars['ok'], 1)
  t.strictSame(Object.keys(vars), ['ok', 'url', 'more', 'deep'], 'names are known without rendering')
})

void t.test('a template uses no variable that has the name of a filter, an attribute or a tag', async (t) => {
  const vars = varsOf(`default: "{{ nope | default('default') }}"
raw: "{% raw %}{{ raw }}{% endraw %}"
m: {defined: 1}
defined: "{{ m.defined }} {{ m is defined }} {# defined #}"
sep: "{{ [1, 2] | join(sep='-') }}"
joined: "{% for each in list if each %}{{ each }}{% endfor %}"
list: [1, 2]
each: "{{ joined }}"
`)
  t.equal(vars['default'], 'default')
  t.equal(vars['raw'], '{{ raw }}')
  t.match(vars['defined'], /^1 true/i)
})

void t.test('a template reads only what it names', async (t) => {
  const vars = varsOf('broken: "{{ gone }}"\nurl: "https://{{ host }}/"\nhost: a\n')
  const plan = (source: string) => {
    const { schema, plan } = template.definition
    const observed = { stdout: '', stderr: '', exitCode: 0 }
    return plan(schema.parse({ src: 'x.j2', dest: '/x' }), observed, { src: Buffer.from(source) }, vars)
  }
  t.notOk(plan('{{ url }}').problem)
  t.match(plan('{{ broken }}').problem, /group_vars\/all.yml:1:9: variable "broken" of web1|broken/)
})

void t.test('text of playbooks, and variables without templates, stay as they are', async (t) => {
  const own = { format: '{{.Name}}', list: ['{{ x }}'] }
  t.equal(renderVariables(own, { host: 'h' }), own)
  const mixed = renderVariables({ ...own, ...parseVars({ path: 'x', text: 'y: "{{ format }}"' }) }, { host: 'h' })
  t.strictSame({ ...mixed }, { ...own, y: '{{.Name}}' })
})
