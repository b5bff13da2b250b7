import { inspect } from 'node:util'
import t from 'tap'
import { register, resolveDeep, type Scope } from '../../../src/values/reference.ts'
import { SecretBytes, secretCount, secretsSince, secret } from '../../../src/values/secret.ts'

t.test('a secret is redacted everywhere', (t) => {
  const hidden = secret('hunter22')
  t.equal(String(hidden), '[REDACTED]')
  t.equal(JSON.stringify({ hidden }), '{"hidden":"[REDACTED]"}')
  t.notMatch(inspect({ deep: { hidden } }, { depth: 9 }), 'hunter22')
  t.equal(hidden.reveal(), 'hunter22')
  t.equal(secret(hidden), hidden)
  t.ok(secretsSince(0).includes('hunter22'))
  t.end()
})

t.test('confidential bytes stay bytes, and are redacted in the forms that records have', async (t) => {
  const known = secretCount()
  const bytes = Buffer.from([0x70, 0x77, 0xe9, 0x00, 0xff])
  const hidden = new SecretBytes(bytes)
  t.ok(hidden.revealBytes().equals(bytes))
  t.notMatch(inspect({ deep: { hidden } }, { depth: 9 }), 'pw')
  t.equal(JSON.stringify({ hidden }), '{"hidden":"[REDACTED]"}')
  t.equal(secret(hidden), hidden)
  t.same(secretsSince(known), [bytes.toString('utf8'), bytes.toString('base64')])
  const before = secretCount()
  t.equal(new SecretBytes(Buffer.from('text-only')).reveal(), 'text-only')
  t.same(secretsSince(before), ['text-only'])
})

t.test('references are resolved at any depth', (t) => {
  const token = register<{ id: string }>('token')
  const scope: Scope = {
    host: 'a',
    has: (_key, host) => host === 'b',
    get: () => ({ id: 'T' }),
    whyMissing: (key, host) => ({ message: `no ${key} of ${host}`, pending: false }),
  }
  const hidden = secret('kept')
  t.same(resolveDeep({ list: [1, token.on('b').map(({ id }) => id)], hidden }, scope), { list: [1, 'T'], hidden })
  t.throws(() => resolveDeep([token], scope), { name: 'Unresolved', message: 'no token of a' })
  t.end()
})
