import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { apt_repository } from '../../../../src/modules/core/apt_repository.ts'
import { deb822_repository } from '../../../../src/modules/core/deb822_repository.ts'
import { converge, type Shell } from '../../../support/shells.ts'
import { converged, descriptions, inEachShell } from '../each-shell.ts'
import { serve } from '../http-server.ts'
import { inDirectories } from './recorded-modules.ts'

const REPO = 'deb http://deb.example.org/debian trixie main'
const FILE = '/etc/apt/sources.list.d/deb_example_org_debian.list'
const KEY = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n'

/** The folder stands for /etc/apt, and apt-get is a program that counts its calls and fails until a number of them. */
function host(shell: Shell, folder: string, failures: number): Shell {
  for (const name of ['0/sources.list.d', 'bin']) mkdirSync(path.join(folder, name), { recursive: true })
  writeFileSync(
    path.join(folder, 'bin/apt-get'),
    `#!/bin/sh\necho "$@" >>${folder}/calls\n[ "$(wc -l <${folder}/calls)" -gt ${failures} ]\n`,
  )
  chmodSync(path.join(folder, 'bin/apt-get'), 0o755)
  writeFileSync(path.join(folder, 'bin/sleep'), '#!/bin/sh\n')
  chmodSync(path.join(folder, 'bin/sleep'), 0o755)
  const inside = inDirectories(shell, folder, ['/etc/apt'])
  return { name: shell.name, argv: ['env', `PATH=${folder}/bin:${process.env['PATH']}`, ...inside.argv] }
}

t.test('apt_repository updates the package lists after a change, and again if that fails', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const run = converge(host(shell, folder, 2), apt_repository, { repo: REPO })
    converged(t, run, [`add ${REPO} to ${FILE}`, 'update the apt cache'])
    t.equal(readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n').length, 3)
    t.same(run.before.changeValues, { sources_added: [FILE], sources_removed: [] })
  })
})

t.test('after an update that fails for good, the sources are as before', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const within = host(shell, folder, 9)
    const at = (name: string): string => path.join(folder, '0/sources.list.d', name)
    const added = converge(within, apt_repository, { repo: REPO, update_cache_retries: 2 })
    t.match(added.applied[1], { exitCode: 1, stderr: 'apt-get update failed 2 times: the sources are as before' })
    t.notOk(existsSync(at(path.basename(FILE))))

    writeFileSync(at('a.list'), `# ${REPO}\ndeb http://x y z\n`)
    chmodSync(at('a.list'), 0o640)
    const enabled = converge(within, apt_repository, { repo: REPO, update_cache_retries: 1 })
    t.same(descriptions(enabled.before), [`enable ${REPO} in /etc/apt/sources.list.d/a.list`, 'update the apt cache'])
    t.equal(enabled.applied[1]?.exitCode, 1)
    t.equal(readFileSync(at('a.list'), 'utf8'), `# ${REPO}\ndeb http://x y z\n`)
    t.same(enabled.before.changes[0]?.diff?.after, '[REDACTED]\n', 'others cannot read the file')

    writeFileSync(at('a.list'), `${REPO}\n`)
    const removed = converge(within, apt_repository, { repo: REPO, state: 'absent', update_cache_retries: 1 })
    t.equal(removed.applied[0]?.exitCode, 0)
    t.equal(readFileSync(at('a.list'), 'utf8'), `${REPO}\n`)
    t.equal(statSync(at('a.list')).mode & 0o777, 0o640)
  })
})

t.test('apt_repository refuses what it does not support', async (t) => {
  const message = (params: object): string | undefined =>
    apt_repository.definition.schema.safeParse(params).error?.issues[0]?.message
  t.match(message({ repo: 'ppa:deadsnakes/ppa' }), 'a PPA is not supported: use deb822_repository')
  t.match(message({ repo: 'http://x y z' }), "must be a line of a sources.list: 'deb URL SUITE COMPONENT...'")
  t.match(message({ repo: REPO, filename: '../../etc/passwd' }), 'must be a file name or an absolute path')
  t.match(message({ repo: REPO, codename: 'trixie' }), 'Unrecognized key: "codename"')
})

t.test('deb822_repository downloads a key, and notices a new one', async (t) => {
  const port = await serve(t, Buffer.from(KEY))
  const binary = await serve(t, Buffer.from([0x99, 0, 1, 0xff]))
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(path.join(folder, '0/sources.list.d'), { recursive: true })
    const within = inDirectories(shell, folder, ['/etc/apt'])
    const params = { name: 'Example', uris: 'http://x', suites: './', signed_by: `http://127.0.0.1:${port}/file` }
    const first = converge(within, deb822_repository, params)
    converged(t, first, [
      'create directory /etc/apt/keyrings (0755)',
      'create /etc/apt/keyrings/example.asc (0644)',
      'create /etc/apt/sources.list.d/example.sources (0644)',
    ])
    t.equal(readFileSync(path.join(folder, '0/keyrings/example.asc'), 'utf8'), KEY)
    t.match(first.after.values, {
      key_filename: '/etc/apt/keyrings/example.asc',
      repo: 'X-Repolib-Name: Example\nSigned-By: /etc/apt/keyrings/example.asc\nSuites: ./\nTypes: deb\nURIs: http://x\n',
    })
    chmodSync(path.join(folder, '0/keyrings'), 0o700)
    const other = converge(within, deb822_repository, { ...params, signed_by: `http://127.0.0.1:${binary}/file` })
    converged(t, other, [
      'change mode of /etc/apt/keyrings to 0755 (was 0700)',
      'create /etc/apt/keyrings/example.gpg (0644)',
      'update /etc/apt/sources.list.d/example.sources',
    ])
    t.match(
      converge(within, deb822_repository, { ...params, signed_by: `http://127.0.0.1:${port}/no` }).before.problem,
      /^cannot download the key http:/,
    )
  })
})

t.test('deb822_repository refuses keys by other protocols', async (t) => {
  t.match(
    deb822_repository.definition.schema.safeParse({ name: 'a', signed_by: 'file:///key' }).error?.issues[0]?.message,
    'only http and https URLs are supported',
  )
})
