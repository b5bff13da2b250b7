import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { versionedName, readStackFile, readRequest } from '../../../../playbooks/stack/request.ts'
import { piecesOf } from '../../../../playbooks/stack/variables.ts'
import { secretCount, secretsSince } from '../../../../src/values/secret.ts'

const folder = t.testdir({
  shop: { 'compose.yaml': 'services:\n  web:\n    image: ${REGISTRY}/web:${TAG}\n', 'site.conf': 'a' },
  '_My Api': { 'docker-stack.yml': 'services: {web: {image: x}}\n' },
  '--': { 'a.yml': '' },
  ['long'.repeat(11)]: { 'a.yml': '' },
  empty: {},
})
const at = (name: string): string => path.join(folder, name)

t.test('stack name comes from -e name, or the directory as in Docker Compose', async (t) => {
  t.equal(readRequest({ file: at('shop/compose.yaml') }).name, 'shop')
  t.equal(readRequest({ file: at('_My Api/docker-stack.yml') }).name, 'myapi', 'whatever the name of the file')
  t.equal(readRequest({ file: at('shop/compose.yaml'), name: 'store' }).name, 'store')
  t.same(
    readRequest({ file: at('shop') }),
    { name: 'shop', isNamedByDirectory: true, state: 'present', file: at('shop/compose.yaml') },
    'a directory selects the compose file in it',
  )
  t.same(
    readRequest({ state: 'absent', name: 'store' }),
    { name: 'store', isNamedByDirectory: false, state: 'absent', file: '' },
    'removal needs only the name',
  )
})

t.test('missing and invalid variables are errors', async (t) => {
  t.throws(() => readRequest({}), { message: 'no stack selected: set its compose file with -e file=compose.yaml' })
  t.throws(() => readRequest({ state: 'absent' }), { message: /or its name with -e name=/ })
  t.throws(() => readRequest({ file: 'x', state: 'gone' }), {
    message: 'state is "gone": it must be present or absent',
  })
  t.throws(() => readRequest({ file: 'x', name: 'a b' }), { message: /invalid stack name "a b"/ })
  t.throws(() => readRequest({ file: at('--/a.yml') }), { message: /^no stack name: set it with -e name=/ })
  t.throws(() => readRequest({ file: at(`${'long'.repeat(11)}/a.yml`) }), { message: /use up to 41 letters/ })
  t.throws(() => readRequest({ file: at('empty') }), {
    message: /no compose file in this directory \(expected compose\.yaml/,
  })
  t.throws(() => readStackFile(readRequest({ file: at('none.yml'), name: 'none' }), {}, new Set()), {
    message: /none\.yml: cannot read the compose file: it does not exist/,
  })
})

t.test('variable without a value is an error', async (t) => {
  const request = readRequest({ file: at('shop') })
  t.throws(() => readStackFile(request, {}, new Set(['REGISTRY'])), {
    message: /compose\.yaml:3:28: variable TAG has no value: set it with -e TAG=\.\.\., or write \$\{TAG:-VALUE\}$/,
  })
  t.equal(readStackFile(request, { TAG: 1 }, new Set(['REGISTRY'])).compose.services.length, 1)
  t.throws(() => readStackFile(request, { TAG: ['1'] }, new Set(['REGISTRY'])), {
    message: 'variable TAG is a list or a mapping: a compose file needs text, set it with -e TAG=...',
  })
})

t.test('values that Labbook sets later are separate pieces; those of the user take precedence', async (t) => {
  const folder = t.testdir({
    shop: { 'compose.yaml': 'services: {web: {image: "${IMAGE:-a}/${IMAGE}:$TAG", command: $OTHER}}\n' },
  })
  const request = readRequest({ file: path.join(folder, 'shop') })
  const { compose, variables } = readStackFile(request, { TAG: 1, OTHER: 'b' }, new Set(['IMAGE', 'OTHER']))
  t.same(piecesOf(compose.text), [
    "version: '3.9'\nservices: {web: {image: \"",
    { variable: 'IMAGE' },
    '/',
    { variable: 'IMAGE' },
    ':1", command: "b"}}\n',
  ])
  t.same([...variables.used].sort(), ['OTHER', 'TAG'])
  t.same([...variables.usedProvided], ['IMAGE'])
})

t.test('a value that is a password by its name, or where it is used, is masked in all records', async (t) => {
  const folder = t.testdir({
    'compose.yaml':
      'services: {web: {image: x, environment: {DB_PASSWORD: $A, KEY_FILE: $B, C: "${API_TOKEN}"}, hostname: $E}}\n',
  })
  const known = secretCount()
  const vars = { A: 'alpha-1', B: 'bravo-1', API_TOKEN: 'charlie-1', E: 'echo-1', UNUSED_PASSWORD: 'delta-1' }
  readStackFile(readRequest({ file: folder, name: 's' }), vars, new Set())
  t.same(secretsSince(known).sort(), ['alpha-1', 'charlie-1'])
})

t.test('a compose file that is not UTF-8 is refused', async (t) => {
  const folder = t.testdir({})
  writeFileSync(
    path.join(folder, 'compose.yaml'),
    Buffer.from('services: {web: {image: x, hostname: \xe9}}\n', 'latin1'),
  )
  t.throws(() => readStackFile(readRequest({ file: folder, name: 's' }), {}, new Set()), {
    message: /compose\.yaml: the compose file is not UTF-8: convert it$/,
  })
})

t.test('config and secret names change with the content, and a secret name is a slow hash', async (t) => {
  const config = { kind: 'configs', key: 'site', file: './site.conf' } as const
  const name = versionedName('shop', config, Buffer.from('a'))
  t.match(name, /^shop_site-[0-9a-f]{12}$/)
  t.equal(versionedName('shop', config, Buffer.from('a')), name)
  t.not(versionedName('shop', config, Buffer.from('b')), name)
  t.match(versionedName('shop', { ...config, name: 'own' }, Buffer.from('a')), /^own-/)
  const secret = versionedName('shop', { ...config, kind: 'secrets' }, Buffer.from('a'))
  t.not(secret, name, 'not a plain checksum')
  t.equal(versionedName('shop', { ...config, kind: 'secrets' }, Buffer.from('a')), secret)
  t.ok(
    versionedName('s'.repeat(41), { ...config, key: 'k'.repeat(60) }, Buffer.from('a')).length <= 64,
    'at most 64 characters',
  )
  const long = (end: string) => versionedName('shop', { ...config, name: `${'n'.repeat(60)}${end}` }, Buffer.from('a'))
  t.not(long('1'), long('2'), 'names that differ in what is cut')
})
