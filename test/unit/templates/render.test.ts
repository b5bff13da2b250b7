import t from 'tap'
import { evaluateText, render, templateReferences, TemplateError } from '../../../src/templates/index.ts'
import { Secret } from '../../../src/values/secret.ts'

const text = (source: string, vars = {}): string => render(source, 'a.j2', vars).text
const problem = (source: string, vars = {}): string => {
  try {
    return `rendered ${JSON.stringify(text(source, vars))}`
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}

t.test('errors have the line, the column, the cause and what to do', async (t) => {
  for (const [source, message] of [
    [
      'one\ntwo {{ port }}\n',
      'a.j2:2:8: {{ port }} is not defined: set the variable, or write {{ port | default(...) }}',
    ],
    ['{{ d.b }}', 'a.j2:1:4: {{ d.b }} is not defined: set the variable, or write {{ d.b | default(...) }}'],
    ['{% if x %}\nno end', 'a.j2:1:1: "if" has no end: add "elif" or "else" or "endif"'],
    ['{% for x in y %}{% endif %}', 'a.j2:1:20: unexpected tag "endif": "for" is open, which endfor or else ends'],
    ['x {{ 1 = 2 }}', 'a.j2:1:8: expected an operator or the end of the tag, found "=": Jinja2 has "=="'],
    ['{{ a | nofilter }}', 'a.j2:1:8: the filter "nofilter" does not exist or is not supported'],
    ['{{ [1] | random }}', 'a.j2:1:10: the filter "random" is not supported: each run would change the file'],
    ['{{ a.length }}', 'a.j2:1:4: {{ a.length }} is not defined: a list has no "length", use the filter "length"'],
    ['{% do x %}', 'a.j2:1:4: unknown tag "do": Ansible does not load this extension; write {% set _ = ... %}'],
    ["{{ 1 ~ 'a' + 2 }}", 'a.j2:1:12: "+" cannot take str and int: use "~" to join texts'],
    ['#jinja2: lstrip_blocks: True\n{{ nope }}', 'a.j2:2:4: {{ nope }} is not defined'],
    ['{{ playbook_dir is defined }}', 'a.j2:1:4: Ansible sets "playbook_dir", Labbook does not'],
    ['{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', 'a.j2: the template calls itself too deeply'],
    ["{% include 'no.j2' %}", 'a.j2:1:1: the template "no.j2" was not found'],
  ] as const)
    t.match(problem(source, { a: [1], d: {} }), message)
})

t.test('the order of keys is kept, and variables stay as they are', async (t) => {
  const vars = Object.freeze({ d: Object.freeze({ z: 1, a: 2 }), l: Object.freeze([1]) })
  t.equal(text('{{ d }}{% for k in d %}{{ k }}{% endfor %}', vars), "{'z': 1, 'a': 2}za")
  t.equal(text('{% set _ = l.append(2) %}{{ l }}{% set _ = d.update({"x": 1}) %}', vars), '[1, 2]')
  t.same(vars, { d: { z: 1, a: 2 }, l: [1] })
})

t.test('null, undefined, dates and functions among the variables', async (t) => {
  t.equal(text('[{{ a }}]', { a: null }), '[]')
  t.match(problem('{{ a }}', { a: undefined }), '{{ a }} is not defined')
  t.match(problem('{{ a }}', { a: new Date() }), 'the variable "a" is a date: quote it where it is defined')
  t.match(problem('{{ a.b }}', { a: { b: () => 1 } }), 'the variable "a.b" is a function, not data')
  t.match(problem('{{ toString }}{{ constructor }}'), '{{ toString }} is not defined')
  t.match(problem('{{ a.constructor }}', { a: {} }), '{{ a.constructor }} is not defined')
})

t.test('variables are read on demand', async (t) => {
  const vars = {
    hosts: {
      a: { port: 1 },
      get b(): never {
        throw new Error('read')
      },
    },
  }
  t.equal(text('{{ hosts.a.port }}{{ hosts | length }}', vars), '12')
})

t.test('a text that contains a secret is confidential, and no other', async (t) => {
  const vars = { password: new Secret('hunter2'), deep: [{ token: new Secret('hunter3') }], plain: 1 }
  t.same(render('{{ password }}', 'a', vars), { text: 'hunter2', confidential: true })
  t.same(render('{{ deep[0].token | b64encode }}', 'a', vars).confidential, true)
  t.same(render('{{ deep | to_json }}', 'a', vars), { text: '[{"token": "hunter3"}]', confidential: true })
  t.same(render('{{ plain }}{% if password %}x{% endif %}', 'a', vars), { text: '1x', confidential: false })
  t.same(render('{% if password == "hunter2" %}x{% else %}y{% endif %}', 'a', vars).confidential, true)
})

t.test('password_hash has the rounds of passlib', async (t) => {
  t.equal(
    text("{{ 'foo' | password_hash('sha512', 'saltsalt') }}"),
    '$6$rounds=656000$saltsalt$JT6cwBjLtwI.huqcTgcnd0MJNUYxeN8OnK9rlKbKRbGMfqaR0kfhGm/iYNXab0V6oAhjzHWcWQnkHZU9A8iyG0',
  )
  t.match(problem("{{ 'foo' | password_hash }}"), 'needs a salt: with a random one, each run would change the file')
})

t.test('a text with one expression has its value', async (t) => {
  t.same(evaluateText('{{ l + [1.5] }}', 'a', { l: [1, { a: null }] }), [1, { a: null }, 1.5])
  t.equal(evaluateText('{{ n }}0', 'a', { n: 1 }), '10')
  t.equal(evaluateText('no template', 'a', {}), 'no template')
  t.equal(evaluateText('{% raw %}{{ x }}{% endraw %}', 'a', {}), '{{ x }}')
})

t.test('files that a template names', async (t) => {
  const { templates, files } = templateReferences(
    "{% include ['a.j2', 'b.j2'] %}{% if x %}{% import 'c.j2' as c %}{% endif %}{{ lookup('file', 'd') ~ q('file', e) }}",
    'x.j2',
  )
  t.same([...templates], ['a.j2', 'b.j2', 'c.j2'])
  t.same([...files], ['d'])
  t.same([...templateReferences('{% if %}', 'x.j2').templates], [])
})

t.test('sizes are bounded', async (t) => {
  for (const source of [
    "{{ 'x' * 10 ** 9 }}",
    '{{ range(10 ** 9) }}',
    '{{ 10 ** (10 ** 6) }}',
    '{{ (2 ** 900) ** 900 }}',
  ])
    t.match(problem(source), /too l|would make/, source)
})
