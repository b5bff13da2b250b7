import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { MANIFEST, SIGNATURE } from '../../../src/evidence/manifest.ts'
import { checkSignature, signManifest } from '../../../src/evidence/signature.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-signature-'))
t.teardown(() => {
  rmSync(folder, { recursive: true })
})
const at = (name: string): string => path.join(folder, name)

// Larger than the buffer of a pipe.
const manifest = Buffer.alloc(200_000, 'm')

t.before(() => {
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'ann', '-f', at('key')])
  writeFileSync(at('allowed'), `ann@example.org ${readFileSync(at('key.pub'), 'utf8')}`)
  writeFileSync(at(MANIFEST), manifest)
  signManifest(folder, at('key'))
})

const check = (signature: string | Buffer, content = manifest) =>
  checkSignature(
    {
      names: [MANIFEST, SIGNATURE],
      read: (name: string) => [name === MANIFEST ? content : Buffer.from(signature)],
    },
    at('allowed'),
  )

t.test('the signer of a large manifest is found', async (t) => {
  const signature = readFileSync(at(SIGNATURE))
  t.match(check(signature), { status: 'valid', signer: 'ann@example.org', key: /^ED25519 key SHA256:/ })
  t.match(check(signature, Buffer.concat([manifest, Buffer.from('x')])), { status: 'invalid', why: /does not match/ })
})

t.test('what is no signature is invalid', async (t) => {
  t.match(check('no signature'), { status: 'invalid', why: /does not match/ })
})
