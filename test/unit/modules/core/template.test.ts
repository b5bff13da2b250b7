import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { template } from '../../../../src/modules/core/template.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { converge } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'

const source = (text: string) => ({ src: Buffer.from(text) })

t.test("template renders its own variables before the host's", async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const inputs = source('{% for node in nodes %}\nserver {{ node }}:{{ port }};\n{% endfor %}\n<{{ name }}>\n')
    const vars = { nodes: ['node1', 'node2'], port: 80, name: 'a & b' }
    const run = converge(
      shell,
      template,
      { src: 'gateway.conf.j2', dest: `${folder}/`, vars: { port: 8080 } },
      { inputs, vars },
    )
    converged(t, run, [`create ${folder}/gateway.conf`])
    t.equal(readFileSync(join(folder, 'gateway.conf'), 'utf8'), 'server node1:8080;\nserver node2:8080;\n<a & b>\n')
  })
})

t.test('template shows the text before and after an update', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    writeFileSync(dest, 'port 80\n')
    const run = converge(
      shell,
      template,
      { src: 'a.j2', dest },
      { inputs: source('port {{ port }}\n'), vars: { port: 81 } },
    )
    converged(t, run, [`update ${dest}`])
    t.same(run.before.changes[0]?.diff, { subject: dest, before: 'port 80\n', after: 'port 81\n' })
  })
})

t.test('template converges on private and large files and on U+FFFD', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    converged(t, converge(shell, template, { src: 'a', dest, mode: '0600' }, { inputs: source('x\n') }), [
      `create ${dest} (0600)`,
    ])
    converged(t, converge(shell, template, { src: 'a', dest, mode: '0644' }, { inputs: source('x'.repeat(300_000)) }), [
      `update ${dest} (0644)`,
    ])
    converged(t, converge(shell, template, { src: 'a', dest }, { inputs: source('\uFFFD') }), [`update ${dest}`])
    writeFileSync(dest, Buffer.from([0xff]))
    converged(t, converge(shell, template, { src: 'a', dest }, { inputs: source('\uFFFD') }), [`update ${dest}`])
  })
})

t.test('secrets of template reach the file but no diff, and the file is private', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    const vars = {
      redis: Object.freeze({ users: Object.freeze([Object.freeze({ password: new Secret('hunter2') })]) }),
    }
    const run = converge(
      shell,
      template,
      { src: 'a', dest },
      { inputs: source('pass {{ redis.users[0].password }}'), vars },
    )
    converged(t, run, [`create ${dest}`])
    t.equal(readFileSync(dest, 'utf8'), 'pass hunter2')
    t.equal(statSync(dest).mode & 0o777, 0o600)
    t.notMatch(JSON.stringify(run.before), 'hunter2"')
    t.same(run.before.changes[0]?.diff, { subject: dest, before: '', after: '[REDACTED]\n' })
  })
})

t.test('an unused secret among the variables hides nothing', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    const run = converge(
      shell,
      template,
      { src: 'a', dest },
      { inputs: source('plain'), vars: { password: new Secret('hunter3') } },
    )
    t.equal(run.before.changes[0]?.diff?.after, 'plain')
  })
})

t.test('template errors name the template, the line and the cause', async (t) => {
  const problem = (text: string, vars = {}): string | undefined => {
    const { definition } = template
    const params = definition.schema.parse({ src: 'nginx/gateway.j2', dest: '/etc/a' })
    return definition.plan(params, { stdout: 'absent\n', stderr: '', exitCode: 0 }, source(text), vars).problem
  }
  t.match(
    problem('one\ntwo {{ a }} {{ port }}\n', { a: 1 }),
    /^nginx\/gateway\.j2:2:16: \{\{ port \}\} is not defined: set the variable/,
  )
  t.match(problem('{{ a.b.c }}'), /^nginx\/gateway\.j2:1:4: \{\{ a \}\} is not defined/)
  t.match(problem('one\n{% if x %}\n'), /^nginx\/gateway\.j2:2:1: "if" has no end: add "elif" or "else" or "endif"$/)
  t.match(problem('{{ x | nofilter }}', { x: 1 }), /^nginx\/gateway\.j2:1:8: the filter "nofilter" does not exist/)
})

t.test('a template includes others, beside it or in the project, and reads files', async (t) => {
  const { definition } = template
  const params = definition.schema.parse({ src: 'nginx/gateway.j2', dest: '/etc/a' })
  const src = Buffer.from("{% include 'part.j2' %}{{ lookup('file', 'note.txt') }}")
  t.same(definition.furtherInputs?.(params, { src }), {
    'template:beside:part.j2': 'nginx/part.j2',
    'template:project:part.j2': 'part.j2',
    'file:beside:note.txt': 'nginx/note.txt',
    'file:project:note.txt': 'note.txt',
  })
  const inputs = {
    src,
    'template:project:part.j2': Buffer.from("<{{ x }}>{% include 'inner.j2' %}"),
    'file:beside:note.txt': Buffer.from('note\n'),
  }
  t.equal(definition.furtherInputs?.(params, inputs)['template:beside:inner.j2'], 'nginx/inner.j2')
  const all = { ...inputs, 'template:beside:inner.j2': Buffer.from('inner ') }
  const plan = definition.plan(params, { stdout: 'absent\n', stderr: '', exitCode: 0 }, all, { x: 1 })
  t.equal(plan.changes[0]?.diff?.after, '<1>inner note')
})

t.test('a template or a file in it that is not UTF-8 is refused', async (t) => {
  const { definition } = template
  const params = definition.schema.parse({ src: 'nginx/gateway.j2', dest: '/etc/a' })
  const latin1 = Buffer.from('caf\xe9\n', 'latin1')
  const problem = (inputs: Readonly<Record<string, Buffer>>) =>
    definition.plan(params, { stdout: 'absent\n', stderr: '', exitCode: 0 }, inputs, {}).problem
  t.equal(problem({ src: latin1 }), 'nginx/gateway.j2: not UTF-8: convert the file')
  t.equal(problem({ src: Buffer.from(''), 'file:beside:note.txt': latin1 }), 'note.txt: not UTF-8: convert the file')
})

t.test('a template has the groups of its host, and the variables of others', async (t) => {
  const { definition } = template
  const params = definition.schema.parse({ src: 'a.j2', dest: '/etc/a' })
  const src = Buffer.from(
    '{{ group_names }} {{ inventory_hostname_short }} {{ hostvars.b.port }} {{ ansible_managed }}',
  )
  const vars = {
    inventory_hostname: 'a.example',
    groups: { all: ['a.example', 'b'], web: ['a.example'], app: ['a.example'], db: ['b'] },
    hostvars: { 'a.example': {}, b: { port: 5 } },
  }
  const plan = definition.plan(params, { stdout: 'absent\n', stderr: '', exitCode: 0 }, { src }, vars)
  t.equal(plan.changes[0]?.diff?.after, "['app', 'web'] a 5 Ansible managed")
})
