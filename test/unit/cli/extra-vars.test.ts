import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { mergeExtraVars, parseExtraVars } from '../../../src/cli/extra-vars.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'

const read = (...texts: string[]): Record<string, unknown> =>
  mergeExtraVars(texts.map(parseExtraVars), {
    'vars.yml': '# sizes\nreplicas: 6\nimage: counter\n',
    'empty.yml': '# nothing yet\n',
    'list.yml': '- a\n',
    'bad.yml': 'a: 1\nb: [\n',
  })

const strings = (vars: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]))

/** What ansible-core reads. */
const { pairs: PAIRS } = JSON.parse(
  readFileSync(new URL('../../fixtures/cli/ansible.json', import.meta.url), 'utf8'),
) as { readonly pairs: readonly (readonly [text: string, vars: Record<string, string> | null])[] }

void t.test('key=value pairs are read as Ansible reads them', async (t) => {
  t.ok(PAIRS.length > 40)
  for (const [text, expected] of PAIRS) {
    const { _raw_params: rest, ...vars } = expected ?? {}
    const isName = Object.keys(vars).every((name) => /^\w+$/.test(name))
    // Ansible ignores words without "=".
    if (expected === null || !isName || (rest ?? '').trim() !== '') t.throws(() => read(text), UsageError, text)
    else t.strictSame(strings(read(text)), vars, text)
  }
  t.throws(() => read(String.raw`a=\N{SNOWMAN}`), { message: /^--extra-vars: characters by name/ })
  t.throws(() => read(String.raw`a=\U00110000`), { message: /^--extra-vars: .*is no character/ })
})

void t.test('any value without a backslash at its end can be written with escapes', async () => {
  fc.assert(
    fc.property(
      fc.string().filter((value) => !value.endsWith('\\')),
      (value) => {
        const escaped = Array.from(value, (c) => `\\U${c.codePointAt(0)?.toString(16).padStart(8, '0')}`).join('')
        return String(read(`key='${escaped}'`).key) === value
      },
    ),
  )
})

void t.test('JSON values keep their types', async (t) => {
  t.strictSame(read('{"replicas": 6, "hosts": ["a"], "on": true}'), { replicas: 6, hosts: ['a'], on: true })
})

void t.test('file is parsed as YAML and may be empty', async (t) => {
  t.strictSame(read('@vars.yml'), { replicas: 6, image: 'counter' })
  t.strictSame(read('@empty.yml'), {})
})

void t.test('later values override earlier ones', async (t) => {
  t.strictSame(read('@vars.yml', 'replicas=2'), { replicas: '2', image: 'counter' })
})

void t.test('files and JSON are read as vars files are', async (t) => {
  const file = (text: string): Record<string, unknown> =>
    mergeExtraVars([{ kind: 'file', path: 'x.yml' }], { 'x.yml': text })
  t.strictSame(file('tls: no\nmode: 0640\nn: 1_000\nt: 22:22\ne: 1e3\n'), {
    tls: false,
    mode: 416,
    n: 1000,
    t: 1342,
    e: '1e3',
  })
  t.strictSame(file('a: &a {x: 1}\nb: {<<: *a, y: 2}\n'), { a: { x: 1 }, b: { x: 1, y: 2 } })
  t.strictSame(read('{mode: 0640, tls: no}'), { mode: 416, tls: false }, 'braces without JSON are YAML')
  t.strictSame(read('{"n": 15e-1}'), { n: 1.5 })
  const refused: [string, RegExp][] = [
    ['$ANSIBLE_VAULT;1.1;AES256\n', /^x.yml:1:1: this is encrypted with Ansible Vault: give its password/],
    ['a: 1\na: 2\n', /^x.yml:2:1: duplicate key "a"/],
    ['ansible_become_password: 0123\n', /^x.yml:1:26: ansible_become_password is a number in YAML: quote it/],
    ['redis_password: 0123\n', /^x.yml:1:17: redis_password is a number/],
    ['ansible_prot: 22\n', /^x.yml:1:1: unknown variable ansible_prot: did you mean ansible_port/],
    ['n: 12345678901234567890\n', /^x.yml:1:4: this whole number is too large/],
    ['__proto__: 1\n', /^x.yml:1:1: the key "__proto__" is not supported/],
  ]
  for (const [text, message] of refused) t.throws(() => file(text), { name: 'UsageError', message }, text)
  t.throws(() => read('__proto__=x'), { message: /"__proto__" is not supported/ })
  t.throws(() => read('ansible_prot=22'), { message: /^--extra-vars: unknown variable ansible_prot/ })
  t.throws(() => read('{"ansible_password": 123}'), { message: /^--extra-vars:1:22: ansible_password is a number/ })
})

void t.test('error messages do not contain the value, which may be a password', async (t) => {
  const rejects = (text: string, message: RegExp | string): void => {
    t.throws(() => read(text), { name: 'UsageError', message })
  }
  rejects('password=two hunter2', /argument 2 is not key=value/)
  rejects("a='open", /missing closing quote/)
  rejects(' ', /empty/)
  rejects('2nd=x', /"2nd" is not a variable name/)
  rejects('{"a": hunter2', /^--extra-vars:1:\d+: [^\n]+\nExpected an object such as/)
  rejects('["a"]', /expected variables/)
  rejects('@', /needs a file name/)
  rejects('@list.yml', /^list.yml:1:1: expected variables[^\n]*\nExpected lines/)
  rejects('@bad.yml', /^bad.yml:3:1: close this list/)
  for (const text of ['password=two hunter2', '{"a": hunter2', "a='hunter2"]) {
    try {
      read(text)
      t.fail('accepted')
    } catch (error) {
      t.ok(error instanceof UsageError && !error.message.includes('hunter2'), text)
    }
  }
})
