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

void t.test('key=value pairs are strings, quoted as in a shell', async (t) => {
  t.strictSame(read(`a=1 b='two words' c="say \\"hi\\"" d=x'y z'w e=`), {
    a: '1',
    b: 'two words',
    c: 'say "hi"',
    d: 'xy zw',
    e: '',
  })
  t.strictSame(read('url=http://h/?a=b'), { url: 'http://h/?a=b' })
})

void t.test('any value can be single-quoted', async () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const quoted = `'${value.replaceAll("'", `'\\''`)}'`
      return read(`key=${quoted}`).key === value
    }),
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

void t.test('__proto__ is an ordinary name', async (t) => {
  const vars = read('__proto__=x')
  t.ok(Object.hasOwn(vars, '__proto__'))
  t.equal(Object.getPrototypeOf(vars), Object.prototype)
})

void t.test('error messages do not contain the value, which may be a password', async (t) => {
  const rejects = (text: string, message: RegExp | string): void => {
    t.throws(() => read(text), { name: 'UsageError', message })
  }
  rejects('password=two hunter2', /argument 2 is not key=value/)
  rejects("a='open", /missing closing quote/)
  rejects(' ', /empty/)
  rejects('2nd=x', /"2nd" is not a variable name/)
  rejects('{"a": hunter2', /--extra-vars:1:\d+: invalid YAML/)
  rejects('["a"]', /expected an object/)
  rejects('@', /needs a file name/)
  rejects('@list.yml', /^list.yml: expected lines/)
  rejects('@bad.yml', /^bad.yml:\d+:\d+: invalid YAML/)
  for (const text of ['password=two hunter2', '{"a": hunter2', "a='hunter2"]) {
    try {
      read(text)
      t.fail('accepted')
    } catch (error) {
      t.ok(error instanceof UsageError && !error.message.includes('hunter2'), text)
    }
  }
})
