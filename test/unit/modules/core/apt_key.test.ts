import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import type { z } from 'zod'
import { apt_key } from '../../../../src/modules/core/apt_key.ts'
import { fingerprints } from '../../../../src/modules/support/openpgp.ts'
import { converge } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'
import { serve } from '../http-server.ts'

const KEYRINGS = '/usr/share/keyrings'
const FIXTURES = path.join(import.meta.dirname, '../../../fixtures/modules/keys')
const ED25519 = readFileSync(path.join(FIXTURES, 'ed25519.asc'))
const FINGERPRINT = readFileSync(path.join(FIXTURES, 'ed25519.fpr'), 'utf8').trim()
const BINARY = Buffer.from(/\n\n([^]*)\n=/.exec(ED25519.toString())?.[1] ?? '', 'base64')

t.test('fingerprints of key files are those that gpg shows', async (t) => {
  const home = mkdtempSync('/tmp/labbook-gpg-')
  t.teardown(() => {
    rmSync(home, { recursive: true })
  })
  const files = [path.join(FIXTURES, 'ed25519.asc'), ...readdirSync(KEYRINGS).map((name) => path.join(KEYRINGS, name))]
  for (const file of files.filter((name) => /debian.*\.gpg$|\.asc$/.test(name))) {
    const shown = execFileSync('gpg', ['--homedir', home, '--batch', '--with-colons', '--show-keys', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const wanted = [...shown.matchAll(/^fpr:+([0-9A-F]+):/gm)].map(([, fingerprint]) => fingerprint)
    t.same(fingerprints(readFileSync(file)), wanted, file)
    t.not(wanted.length, 0, file)
  }
})

t.test('what is no key has no fingerprints', async (t) => {
  for (const bytes of ['', '<html>', '\x99\x01', '\xc6\xff\xff\xff\xff\xff', '\x9b\x03abc'])
    t.same(fingerprints(Buffer.from(bytes, 'latin1')), [], JSON.stringify(bytes))
  t.same(fingerprints(BINARY.subarray(0, 20)), [], 'half a key')
})

t.test('apt_key downloads a key into a file, and checks its fingerprint', async (t) => {
  const port = await serve(t, ED25519)
  inEachShell(t, (t, shell, folder) => {
    const keyring = path.join(folder, 'x.asc')
    const params = { url: `http://127.0.0.1:${port}/file`, id: FINGERPRINT.toLowerCase(), keyring }
    const run = converge(shell, apt_key, params)
    converged(t, run, [`create ${keyring} (0644)`])
    t.ok(readFileSync(keyring).equals(ED25519))
    const ids = { fp: FINGERPRINT, key_id: FINGERPRINT.slice(-16), short_id: FINGERPRINT.slice(-8) }
    t.same(run.after.values, ids)
    t.equal(
      converge(shell, apt_key, { ...params, id: `0x${'0'.repeat(40)}` }).before.problem,
      `${params.url} has the key ${FINGERPRINT}, not ${'0'.repeat(40)}: not trusted`,
    )
    t.match(converge(shell, apt_key, { ...params, url: `${params.url}x` }).before.problem, 'cannot download the key')
    const removed = converge(shell, apt_key, { keyring, state: 'absent' })
    converged(t, removed, [`remove ${keyring}`])
    t.same(removed.after.values, { fp: null, key_id: null, short_id: null })
  })
})

t.test('apt_key takes a key from a file of the host, and the extension that APT goes by', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const file = path.join(folder, 'source')
    writeFileSync(file, BINARY)
    const keyring = path.join(folder, 'x.gpg')
    converged(t, converge(shell, apt_key, { file, keyring }), [`create ${keyring} (0644)`])
    t.ok(readFileSync(keyring).equals(BINARY))
    const problem = (params: z.input<typeof apt_key.definition.schema>): string | undefined =>
      converge(shell, apt_key, params).before.problem
    t.equal(
      problem({ file, keyring: `${folder}/x.asc` }),
      `${file} is a binary key: APT reads it from a file that ends in .gpg`,
    )
    t.equal(problem({ file: `${file}-no`, keyring }), `${file}-no does not exist, or is empty`)
    t.equal(problem({ data: '<html>', keyring }), 'data has no OpenPGP public key')
  })
})

t.test('apt_key says how to do what it refuses', async (t) => {
  const message = (params: object): string | undefined =>
    apt_key.definition.schema.safeParse(params).error?.issues[0]?.message
  t.match(message({ url: 'https://example.org/key' }), /^set keyring to a new file of this key: \/etc\/apt\/keyrings\//)
  t.match(message({ keyserver: 'x', keyring: '/a.asc' }), 'Unrecognized key: "keyserver"')
  t.match(message({ keyring: '/a.asc' }), 'set one of url, data and file')
})
