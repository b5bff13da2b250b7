import t from 'tap'
import { InventoryError } from '../../../src/inventory/index.ts'
import { errorLines, inventoryOf } from './support.ts'

const errorsOf = (text: string) => errorLines(() => inventoryOf(text))

t.test('each syntax or schema error has a line, a column and a remedy', async (t) => {
  const cases: [string, string, RegExp][] = [
    [
      'a list of hosts',
      'all:\n  hosts:\n    - web1\n',
      /^inventory.yaml:3:5: hosts must not be a list: write "web1:" with a colon/,
    ],
    ['a list of children', 'all:\n  children: [web]\n', /^inventory.yaml:2:13: children must not be a list/],
    ['a list of variables', 'all:\n  vars:\n    - a: 1\n', /^inventory.yaml:3:5: expected variables/],
    [
      'an unknown key',
      'all:\n  host:\n    web1:\n',
      /^inventory.yaml:2:3: unknown key "host" in a group: did you mean hosts\?/,
    ],
    [
      'a host outside hosts:',
      'all:\n  web1:\n',
      /^inventory.yaml:2:3: unknown key "web1" in a group: valid keys are hosts/,
    ],
    ['no group around hosts:', 'hosts:\n  web1:\n', /^inventory.yaml:1:1: "hosts:" belongs inside a group/],
    [
      'vars: at the level of groups',
      'all:\n  children:\n    vars:\n',
      /^inventory.yaml:3:5: "vars:" belongs inside a group/,
    ],
    ['a group that is a number', 'all: 5\n', /^inventory.yaml:1:6: a group must contain hosts:, children: or vars:/],
    [
      'a group with ungrouped',
      'all:\n  children:\n    web:\n      children:\n        ungrouped:\n',
      /^inventory.yaml:5:9: "ungrouped" cannot be a child of "web"/,
    ],
    ['a bad group name', 'all:\n  children:\n    a b:\n', /^inventory.yaml:3:5: "a b" is not a group name/],
    ['host variables that are text', 'all:\n  hosts:\n    a: b\n', /^inventory.yaml:3:8: expected variables/],
    ['a reversed range', 'all:\n  hosts:\n    n[3:1]:\n', /^inventory.yaml:3:5: range \[3:1\] is reversed/],
    [
      'hosts without colons',
      'all:\n  hosts:\n    a\n    b\n',
      /^inventory.yaml:2:3: "a b" is not a host name: put each host on its own line/,
    ],
    ['a duplicate key', 'all:\n  hosts:\n    a:\n    a:\n', /^inventory.yaml:4:5: duplicate key "a": merge the two/],
    ['a tab', 'all:\n\thosts:\n', /^inventory.yaml:2:1: tabs are not allowed for indentation: use spaces/],
    ['no colon after a name', 'all:\n  hosts\n    a:\n', /^inventory.yaml:2:3: colon missing after this name/],
    ['an open quote', 'all:\n  vars:\n    a: "b\n', /^inventory.yaml:4:1: a quote or a colon is missing/],
    ['a second document', 'all:\n---\nall:\n', /^inventory.yaml:2:1: a second document starts here/],
    [
      'a tag',
      'all:\n  vars:\n    p: !vault |\n      abc\n',
      /^inventory.yaml:3:15: !vault needs the output of "ansible-vault encrypt_string"/,
    ],
    [
      'another tag',
      'all:\n  vars:\n    p: !include x\n',
      /^inventory.yaml:3:8: the tag !include is not supported: remove it/,
    ],
    [
      'an alias without an anchor',
      'all:\n  vars:\n    p: *x\n',
      /^inventory.yaml:3:8: the alias \*x has no anchor &x above it/,
    ],
    [
      'an encrypted file',
      '$ANSIBLE_VAULT;1.1;AES256\n6162\n',
      /^inventory.yaml:1:1: this is encrypted with Ansible Vault: give its password/,
    ],
    ['an empty file', '# nothing\n', /^inventory.yaml:1:1: the file is empty: write "all:"/],
    ['a list', '- web1\n', /^inventory.yaml:1:1: an inventory starts with a group name/],
  ]
  for (const [what, text, message] of cases) t.match(errorsOf(text)[0], message, what)
})

t.test('connection variables are validated', async (t) => {
  const cases: [string, RegExp][] = [
    ['ansible_hosts: a', /^inventory.yaml:4:7: unknown variable ansible_hosts: did you mean ansible_host\?/],
    ['ansible_becmoe: a', /did you mean ansible_become\?/],
    ['ansible_port: 0', /^inventory.yaml:4:21: ansible_port must be a port, a whole number in 1\.\.65535/],
    ['ansible_port: 65536', /must be a port/],
    ['ansible_port: ssh', /must be a port/],
    ['ansible_port: 2.5', /must be a port/],
    ['ansible_connection: shh', /^inventory.yaml:4:27: ansible_connection must be ssh or local/],
    ['ansible_become: maybe', /ansible_become must be true or false/],
    ['ansible_user:', /^inventory.yaml:4:7: ansible_user has no value/],
    ['ansible_password: 123', /ansible_password is a number in YAML: quote it/],
    ['ansible_user: no', /ansible_user must be a string: quote it/],
    ['ansible_group_priority: 2', /is only valid in the vars of a group in the inventory file/],
    ['my-var: 1', /^inventory.yaml:4:7: "my-var" is not a variable name/],
  ]
  for (const [line, message] of cases) {
    t.match(errorsOf(`all:\n  hosts:\n    h:\n      ${line}\n`)[0], message, line)
  }
})

t.test('other Ansible variables and dissimilar names are accepted', async (t) => {
  const vars =
    '{ansible_connection: winrm, ansible_pip_executable: pip3, ansible_winrm_transport: x, ports: {80: http}}'
  t.same(errorsOf(`all: {hosts: {h: ${vars}}}`), [])
})

t.test('error messages contain no variable values', async (t) => {
  const vars = '{ansible_password: 31337, ansible_become: s3cret, ansible_port: s3cret}'
  const lines = errorsOf(`all: {hosts: {h: ${vars}}}`)
  t.equal(lines.length, 3)
  t.notMatch(lines.join('\n'), /31337|s3cret/)
})

t.test('all errors are listed, in line order', async (t) => {
  const text = `all:
  vars:
    ansible_port: 0
  host:
  children:
    web:
      hosts: [a]
      vars:
        ansible_usr: x
`
  t.match(errorsOf(text), [/:3:19: /, /:4:3: /, /:7:14: /, /:9:9: /])
  try {
    inventoryOf(text)
    t.fail('must throw')
  } catch (error) {
    t.ok(error instanceof InventoryError)
    const problems = (error as InventoryError).problems
    t.same(
      problems.map(({ line, column }) => [line, column]),
      [
        [3, 19],
        [4, 3],
        [7, 14],
        [9, 9],
      ],
    )
    const message = 'unknown key "host" in a group: did you mean hosts?'
    t.same(problems[1], { path: 'inventory.yaml', line: 4, column: 3, message })
  }
})

t.test('a long list of errors is truncated in the message, not in `problems`', async (t) => {
  const hosts = Array.from({ length: 30 }, (_, n) => `    h${n}: {ansible_port: 0}\n`).join('')
  const lines = errorsOf(`all:\n  hosts:\n${hosts}`)
  t.equal(lines.length, 21)
  t.equal(lines.at(-1), 'and 10 more')
})

t.test('errors in vars files name those files', async (t) => {
  const lines = errorLines(() =>
    inventoryOf('all: {hosts: {h: }}', {
      groupVars: { all: 'a: 1\nansible_prot: 2\n' },
      hostVars: { h: '- a\n' },
    }),
  )
  t.match(lines, [
    /^group_vars\/all.yml:2:1: unknown variable ansible_prot: did you mean ansible_port\?/,
    /^host_vars\/h.yml:1:1: expected variables/,
  ])
})
