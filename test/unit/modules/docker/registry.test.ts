import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parseReference } from '../../../../src/modules/docker/reference.ts'
import { queryRegistry } from '../../../../src/modules/docker/registry.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { fakeRegistry } from './recorded/engine.ts'

const DIGEST = `sha256:${'0f'.repeat(32)}`

void t.test('queryRegistry() prints the digest that a registry has', async (t) => {
  const registry = await fakeRegistry()
  t.teardown(() => registry.close())
  const name = `127.0.0.1:${registry.port}`
  for (const shell of shells) {
    await t.test(`${shell.name}: queryRegistry()`, async (t) => {
      const home = mkdtempSync(join(tmpdir(), 'labbook-home-'))
      t.teardown(() => {
        rmSync(home, { recursive: true })
      })
      const ask = (reference: string) =>
        runIn(shell, queryRegistry(parseReference(reference)), { env: { HOME: home } }).stdout.trim()
      registry.answer({ 'HEAD /v2/labbook/counter/manifests/2': [200, null, { 'Docker-Content-Digest': DIGEST }] })
      t.equal(ask(`${name}/labbook/counter:2`), `pushed ${DIGEST}`)
      t.equal(ask(`${name}/labbook/counter:3`), '')
      t.equal(ask('127.0.0.1:1/counter:3'), 'registry-silent')

      mkdirSync(`${home}/.docker`)
      writeFileSync(
        `${home}/.docker/config.json`,
        JSON.stringify(
          { auths: { 'other:5000': { auth: 'b3RoZXI=' }, 'reg:5000': { auth: 'dXNlcjpwYXNz' } } },
          null,
          2,
        ),
      )
      const bin = t.testdir({ curl: '#!/bin/sh\necho "$*" >>"${0%/*}/argv"; cat >>"${0%/*}/stdin"; exit 7' })
      chmodSync(`${bin}/curl`, 0o755)
      const asked = runIn(shell, queryRegistry(parseReference('reg:5000/app')), {
        env: { HOME: home, PATH: `${bin}:${process.env.PATH}` },
      })
      t.match(asked, { stdout: /registry-silent/, stderr: '' })
      t.equal(
        readFileSync(`${bin}/stdin`, 'utf8'),
        'header = "Authorization: Basic dXNlcjpwYXNz"\n\n',
        'credentials are sent over HTTPS only',
      )
      t.notMatch(readFileSync(`${bin}/argv`, 'utf8'), 'dXNlcjpwYXNz')
    })
  }
})
