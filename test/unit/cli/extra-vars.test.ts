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

void t.test('pairs are text, with quotes as in a shell', async (t) => {
  t.strictSame(read(`a=1 b='two words' c="say \\"hi\\"" d=x'y z'w e=`), {
    a: '1',
    b: 'two words',
    c: 'say "hi"',
    d: 'xy zw',
    e: '',
  })
  t.strictSame(read('url=http://h/?a=b'), { url: 'http://h/?a=b' })
})

void t.test('any value survives single quotes', async () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      const quoted = `'${value.replaceAll("'", `'\\''`)}'`
      return read(`key=${quoted}`).key === value
    }),
  )
})

void t.test('an object keeps its types', async (t) => {
  t.strictSame(read('{"replicas": 6, "hosts": ["a"], "on": true}'), { replicas: 6, hosts: ['a'], on: true })
})

void t.test('a file holds YAML; an empty one holds nothing', async (t) => {
  t.strictSame(read('@vars.yml'), { replicas: 6, image: 'counter' })
  t.strictSame(read('@empty.yml'), {})
})

void t.test('later ones win', async (t) => {
  t.strictSame(read('@vars.yml', 'replicas=2'), { replicas: '2', image: 'counter' })
})

void t.test('__proto__ is a name like any other', async (t) => {
  const vars = read('__proto__=x')
  t.ok(Object.hasOwn(vars, '__proto__'))
  t.equal(Object.getPrototypeOf(vars), Object.prototype)
})

void t.test('mistakes are told without the value, which may be a password', async (t) => {
  const refused = (text: string, message: RegExp | string): void => {
    t.throws(() => read(text), { name: 'UsageError', message })
  }
  refused('password=two hunter2', /word 2 is not key=value/)
  refused("a='open", /a quote is not closed/)
  refused(' ', /empty/)
  refused('2nd=x', /"2nd" is not a variable name/)
  refused('{"a": hunter2', /--extra-vars:1:\d+: cannot be read/)
  refused('["a"]', /want an object/)
  refused('@', /needs a file/)
  refused('@list.yml', /^list.yml: want lines/)
  refused('@bad.yml', /^bad.yml:\d+:\d+: cannot be read/)
  for (const text of ['password=two hunter2', '{"a": hunter2', "a='hunter2"]) {
    try {
      read(text)
      t.fail('accepted')
    } catch (error) {
      t.ok(error instanceof UsageError && !error.message.includes('hunter2'), text)
    }
  }
})
