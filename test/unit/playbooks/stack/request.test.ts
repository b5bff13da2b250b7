import path from 'node:path'
import t from 'tap'
import { versionedName, readStackFile, readRequest } from '../../../../playbooks/stack/request.ts'

const folder = t.testdir({
  shop: { 'compose.yaml': 'services:\n  web:\n    image: ${REGISTRY}/web:${TAG}\n', 'site.conf': 'a' },
  'my api.yml': 'services: {web: {image: x}}\n',
  empty: {},
})
const at = (name: string): string => path.join(folder, name)

t.test('stack name comes from -e name, the directory or the file', async (t) => {
  t.equal(readRequest({ file: at('shop/compose.yaml') }).name, 'shop')
  t.equal(readRequest({ file: at('my api.yml') }).name, 'my-api')
  t.equal(readRequest({ file: at('shop/compose.yaml'), name: 'store' }).name, 'store')
  t.same(
    readRequest({ file: at('shop') }),
    { name: 'shop', state: 'present', file: at('shop/compose.yaml') },
    'a directory selects the compose file in it',
  )
  t.same(
    readRequest({ state: 'absent', name: 'store' }),
    { name: 'store', state: 'absent', file: '' },
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
  t.throws(() => readRequest({ file: at('empty') }), {
    message: /no compose file in this directory \(expected compose\.yaml/,
  })
  t.throws(() => readStackFile(readRequest({ file: at('none.yml') }), {}, new Set()), {
    message: /none\.yml: cannot read the compose file: it does not exist/,
  })
})

t.test('variable without a value is an error', async (t) => {
  const request = readRequest({ file: at('shop') })
  t.throws(() => readStackFile(request, {}, new Set(['REGISTRY'])), {
    message: /compose\.yaml:3:28: variable TAG has no value: set it with -e TAG=\.\.\., or write \$\{TAG:-VALUE\}$/,
  })
  t.equal(readStackFile(request, { TAG: 1 }, new Set(['REGISTRY'])).compose.services.length, 1)
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
})
