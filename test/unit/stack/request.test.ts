import path from 'node:path'
import t from 'tap'
import { nameOf, readStackFile, requestFrom } from '../../../playbooks/swarm/stack/request.ts'

const folder = t.testdir({
  shop: { 'compose.yaml': 'services:\n  web:\n    image: ${REGISTRY}/web:${TAG}\n', 'site.conf': 'a' },
  'my api.yml': 'services: {web: {image: x}}\n',
  empty: {},
})
const at = (name: string): string => path.join(folder, name)

t.test('a stack has the name it is given, that of its folder, or that of its file', async (t) => {
  t.equal(requestFrom({ file: at('shop/compose.yaml') }).name, 'shop')
  t.equal(requestFrom({ file: at('my api.yml') }).name, 'my-api')
  t.equal(requestFrom({ file: at('shop/compose.yaml'), name: 'store' }).name, 'store')
  t.same(
    requestFrom({ file: at('shop') }),
    { name: 'shop', state: 'present', file: at('shop/compose.yaml') },
    'a folder stands for the file in it',
  )
  t.same(
    requestFrom({ state: 'absent', name: 'store' }),
    { name: 'store', state: 'absent', file: '' },
    'to remove it, the name will do',
  )
})

t.test('what is missing or wrong is told', async (t) => {
  t.throws(() => requestFrom({}), { message: 'which stack? Give its compose file: -e file=compose.yaml' })
  t.throws(() => requestFrom({ state: 'absent' }), { message: /or its name: -e name=/ })
  t.throws(() => requestFrom({ file: 'x', state: 'gone' }), { message: 'state is present or absent, not "gone"' })
  t.throws(() => requestFrom({ file: 'x', name: 'a b' }), { message: /cannot be called "a b"/ })
  t.throws(() => requestFrom({ file: at('empty') }), {
    message: /there is no compose file in this folder \(compose\.yaml/,
  })
  t.throws(() => readStackFile(requestFrom({ file: at('none.yml') }), {}, new Set()), {
    message: /none\.yml: cannot read the compose file: there is none/,
  })
})

t.test('variables need a value from somewhere', async (t) => {
  const request = requestFrom({ file: at('shop') })
  t.throws(() => readStackFile(request, {}, new Set(['REGISTRY'])), {
    message:
      /compose\.yaml:3:28: the variable TAG has no value: give one with -e TAG=\.\.\., or write \$\{TAG:-VALUE\}$/,
  })
  t.equal(readStackFile(request, { TAG: 1 }, new Set(['REGISTRY'])).compose.services.length, 1)
})

t.test('a config with other content has another name, and nobody can guess a secret from its name', async (t) => {
  const config = { kind: 'configs', key: 'site', file: './site.conf' } as const
  const name = nameOf('shop', config, Buffer.from('a'))
  t.match(name, /^shop_site-[0-9a-f]{12}$/)
  t.equal(nameOf('shop', config, Buffer.from('a')), name)
  t.not(nameOf('shop', config, Buffer.from('b')), name)
  t.match(nameOf('shop', { ...config, name: 'own' }, Buffer.from('a')), /^own-/)
  const secret = nameOf('shop', { ...config, kind: 'secrets' }, Buffer.from('a'))
  t.not(secret, name, 'not the plain checksum')
  t.equal(nameOf('shop', { ...config, kind: 'secrets' }, Buffer.from('a')), secret)
  t.ok(
    nameOf('s'.repeat(41), { ...config, key: 'k'.repeat(60) }, Buffer.from('a')).length <= 64,
    'as long as Docker allows',
  )
})
