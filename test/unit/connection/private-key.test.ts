import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { readPrivateKey } from '../../../src/connection/private-key.ts'
import { makeKey } from '../../support/sshd.ts'

const directory = mkdtempSync(join(tmpdir(), 'labbook-private-key-'))
t.teardown(() => {
  rmSync(directory, { recursive: true })
})
const file = (name: string): string => join(directory, name)
const read = (name: string, passphrase?: string) => readPrivateKey(file(name), passphrase, 'test')

/** The public key of a file that can be used; undefined of others. */
function publicKey(name: string, passphrase?: string): string | undefined {
  const found = read(name, passphrase)
  return 'key' in found ? found.key.getPublicSSH().toString('base64') : undefined
}

t.test('the same key is parsed once', (t) => {
  makeKey(file('one'))
  const [first, second] = [read('one'), read('one')]
  t.ok('key' in first && 'key' in second && first.key === second.key)
  t.end()
})

t.test('a wrong passphrase after the right one is wrong', (t) => {
  makeKey(file('locked'), 'ed25519', 'right')
  t.ok(publicKey('locked', 'right'))
  t.equal(publicKey('locked', 'wrong'), undefined)
  t.equal(publicKey('locked'), undefined)
  t.ok(publicKey('locked', 'right'))
  t.end()
})

t.test('a file that was replaced is read again', (t) => {
  makeKey(file('old'))
  makeKey(file('new'))
  const before = publicKey('old')
  renameSync(file('new'), file('old'))
  const after = publicKey('old')
  t.ok(after)
  t.not(after, before)
  t.end()
})
