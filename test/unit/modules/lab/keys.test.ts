import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { lab_keys } from '../../../../src/modules/lab/keys.ts'
import { converge, shells } from '../../../support/shells.ts'
import { descriptions } from './planned.ts'

for (const shell of shells) {
  await t.test(`${shell.name}: lab_keys creates the key once, and restores its public key`, async (t) => {
    const dir = `${t.testdir()}/lab`
    const first = converge(shell, lab_keys, { dir })
    t.strictSame(descriptions(first.before), [`create the key ${dir}/id_ed25519`])
    t.strictSame(first.after.changes, [])
    const publicKey = readFileSync(`${dir}/id_ed25519.pub`, 'utf8').trim()
    t.equal(first.after.values?.public_key, publicKey)
    writeFileSync(`${dir}/id_ed25519.pub`, 'cut')
    const second = converge(shell, lab_keys, { dir })
    t.strictSame(descriptions(second.before), [`write ${dir}/id_ed25519.pub`])
    t.equal(second.after.values?.public_key, publicKey)
  })

  await t.test(`${shell.name}: lab_keys replaces a truncated key`, async (t) => {
    const dir = t.testdir({ id_ed25519: '-----BEGIN' })
    const { applied, after } = converge(shell, lab_keys, { dir })
    t.match(applied, [{ exitCode: 0 }])
    t.strictSame(after.changes, [])
  })
}
