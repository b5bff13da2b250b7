import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { expected, fixture, read, readScalarText, type Described } from './ansible-yaml.ts'
import { errorLines, inventoryOf } from './support.ts'

/**
 * Compares each case with ansible-core: those that Labbook reads differently, and those that it refuses although it
 * could read them.
 */
function compare(cases: readonly (readonly [string, Described])[], readText: (text: string) => unknown) {
  const different: unknown[] = []
  const refused: string[] = []
  for (const [text, described] of cases) {
    const value = readText(text)
    const ansible = expected(described)
    if (value === 'refused' && ansible !== 'refused' && ansible !== undefined) refused.push(text)
    if (value !== 'refused' && !isDeepStrictEqual(value, ansible)) different.push([text, { ansible: described, value }])
  }
  return { different, refused }
}

void t.test('each scalar is read as by ansible-core, or refused', async (t) => {
  const { different, refused } = compare(fixture.scalars, readScalarText)
  t.ok(fixture.scalars.length > 350)
  t.strictSame(different, [['"\\ud83d\\ude00"', { ansible: null, value: '😀' }]], 'only a pair of surrogates')
  t.strictSame(refused, ['!unsafe {a: !vault x}', '!vault x', '!vault-encrypted x', '{a: 1, a: 2}', '"a"#c'])
})

void t.test('each document is read as by ansible-core, or refused', async (t) => {
  const { different, refused } = compare(fixture.documents, read)
  t.ok(fixture.documents.length > 80)
  t.strictSame(different, [])
  t.strictSame(
    refused,
    [
      'a: 1\nb: 2\na: 3\n',
      '{"a": 1, "a": 2}\n',
      '{"a": {"__ansible_unsafe": "{{ x }}"}}\n',
      '{"a": {"__ansible_vault": "x"}}\n',
      'a: {b: 1,\n  c: 2}\nd: [\n  e,\nf]\n',
      'a: [\nb\n]\n',
    ],
    'duplicate keys; brackets that are not indented deeper than the key',
  )
})

void t.test('whole numbers in each notation', async () => {
  const sign = fc.constantFrom('', '-')
  const grouped = (digits: string): string => digits.replace(/(?<=\d)(?=(?:\d{3})+$)/g, '_')
  const notations: ((n: number) => string)[] = [
    (n) => String(n),
    (n) => grouped(String(n)),
    (n) => `0${n.toString(8)}`,
    (n) => `0x${n.toString(16)}`,
    (n) => `0x${n.toString(16).toUpperCase()}`,
    (n) => `0b${n.toString(2)}`,
    (n) => (n < 60 ? String(n) : `${Math.floor(n / 60)}:${String(n % 60).padStart(2, '0')}`),
  ]
  fc.assert(
    fc.property(fc.maxSafeNat(), sign, fc.constantFrom(...notations), (n, minus, write) => {
      const want = minus === '' || n === 0 ? n : -n
      return isDeepStrictEqual(readScalarText(`${minus}${write(n)}`), want)
    }),
  )
})

void t.test('whole numbers beyond 2^53 are refused, never rounded', async () => {
  const notation = fc.constantFrom<[string, number]>(['0b', 2], ['0', 8], ['', 10], ['0x', 16])
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }), notation, (n, [prefix, base]) => {
      return readScalarText(`${prefix}${n.toString(base)}`) === 'refused'
    }),
  )
})

void t.test('numbers with a fraction are the nearest double', async () => {
  const fraction = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 999_999 }), fc.constantFrom('', '-', '+'))
  fc.assert(
    fc.property(fraction, ([whole, part, sign]) => {
      const text = `${sign}${whole}.${String(part).padStart(6, '0')}`
      return readScalarText(text) === Number(text)
    }),
  )
})

void t.test('text in quotes is that text, whatever it looks like', async () => {
  const special = fc.constantFrom(...fixture.scalars.map(([text]) => text).filter((text) => !/["'\\\s]/.test(text)))
  const text = fc.oneof(special, fc.string({ unit: 'grapheme-ascii' }), fc.stringMatching(/^[-+0-9a-fxob_.:eE]+$/))
  fc.assert(
    fc.property(text, (value) => {
      const want = /\{[{%#]/.test(value) ? { template: value } : value
      const single = `'${value.replaceAll("'", "''")}'`
      return (
        isDeepStrictEqual(readScalarText(JSON.stringify(value)), want) &&
        isDeepStrictEqual(readScalarText(single), want)
      )
    }),
  )
})

void t.test('text that starts like a number but is none stays text', async () => {
  const tail = fc.stringMatching(/^[g-wyzG-WYZ/%]{1,4}$/)
  fc.assert(fc.property(fc.nat(), tail, (n, letters) => readScalarText(`${n}${letters}`) === `${n}${letters}`))
})

void t.test('messages have positions and say what to do, without the value', async (t) => {
  const cases: [string, RegExp][] = [
    ['12345678901234567890', /^inventory.yaml:4:12: this whole number is too large .* quote it/],
    ['2.0', /:4:12: this number has a decimal point but no fraction: quote it .*\("1.0"\), or write a whole number/],
    ['.inf', /:4:12: infinity and "not a number" are not supported: quote/],
    ['2024-01-01 10:00:00', /:4:12: a date with a time is not supported: quote it/],
    ['2024-02-31', /:4:12: this date does not exist: quote it/],
    ['{yes: 1}', /:4:13: YAML reads this key as true: quote it/],
    ['{~: 1}', /:4:13: YAML reads this key as null: quote it/],
    ['{b: 1, 2: x}', /:4:19: keys that are whole numbers must come first, in ascending order: move "2" up/],
    ['{[a]: 1}', /:4:13: a list or a mapping cannot be a key/],
    ['{<<: 5}', /:4:17: "<<" needs a mapping, or a list of mappings/],
    ['[&a 1, &a 2]', /:4:22: the anchor &a is defined twice/],
    ['&a [*a]', /:4:16: the alias \*a is inside its own anchor/],
    ['=', /:4:12: "=" without quotes has a special meaning in YAML 1.1: quote it/],
    ['!!set {a}', /:4:12: the tag !!set is not supported: remove it/],
    ['!!int x', /:4:18: !!int does not fit this value/],
  ]
  for (const [value, message] of cases) {
    t.match(errorLines(() => inventoryOf(`all:\n  hosts:\n    h:\n      var: ${value}\n`))[0], message, value)
  }
})

void t.test('a password that is a number in YAML is refused, at any depth', async (t) => {
  const lines = (line: string): string[] => errorLines(() => inventoryOf(`all: {hosts: {h: {${line}}}}`))
  for (const value of ['0123', '123456', '1_0', '22:22', '0x10', '1.5']) {
    t.match(
      lines(`ansible_become_password: ${value}`),
      [/ansible_become_password is a number in YAML: quote it/],
      value,
    )
    t.match(lines(`users: [{name: a, password: ${value}}]`), [/password is a number in YAML: quote it/], value)
    t.notMatch(lines(`redis_password: ${value}`).join(), value)
  }
  t.strictSame(lines('redis_password: "0123", password_length: 12, ansible_password: pa55'), [])
})

void t.test('names of hosts and groups that look like numbers', async (t) => {
  const { hosts } = inventoryOf('all: {hosts: {12e4: , 1e3: , 0o17: , "0x10": }}')
  t.strictSame([...hosts.keys()], ['12e4', '1e3', '0o17', '0x10'])
  const lines = (text: string): string[] => errorLines(() => inventoryOf(text))
  t.match(lines('all: {hosts: {0x10: }}'), [/:1:15: this name is a number in YAML: quote it/])
  t.match(lines('web: {children: {12: {}}}'), [/:1:18: this name is a number in YAML: quote it/])
})
