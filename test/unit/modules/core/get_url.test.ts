import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { get_url } from '../../../../src/modules/core/get_url.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { converge, type Shell } from '../../../support/shells.ts'
import { serve } from '../http-server.ts'
import { converged, inEachShell } from '../each-shell.ts'

const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31) & 0xff))
const sum = createHash('sha256').update(bytes).digest('hex')

t.test('get_url downloads files', async (t) => {
  const port = await serve(t, bytes, 'to"ken')
  const url = `http://127.0.0.1:${port}/file`

  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a b')
    converged(t, converge(shell, get_url, { url, dest, mode: '0755' }), [`download ${url} to ${dest} (0755)`])
    t.ok(readFileSync(dest).equals(bytes))
    t.equal(statSync(dest).mode & 0o777, 0o755)
    converged(t, converge(shell, get_url, { url, dest, mode: '0700' }), [`change mode of ${dest} to 0700 (was 0755)`])

    writeFileSync(dest, 'spoilt')
    converged(t, converge(shell, get_url, { url, dest }), [])
    converged(t, converge(shell, get_url, { url, dest, force: true }), [`download again ${url} to ${dest}`])
    writeFileSync(dest, 'spoilt')
    const checked = converge(shell, get_url, { url, dest, checksum: `sha256:${sum}` })
    converged(t, checked, [`download again ${url} to ${dest}`])
    t.match(checked.after.values, { checksum: sum })
    writeFileSync(dest, 'spoilt')
    converged(t, converge(shell, get_url, { url, dest, checksum: `sha256:http://127.0.0.1:${port}/SUMS` }), [
      `download again ${url} to ${dest}`,
    ])
    t.ok(readFileSync(dest).equals(bytes))
    t.same(readdirSync(folder), ['a b'])

    converged(t, converge(shell, get_url, { url, dest: `${folder}/` }), [`download ${url} to ${folder}/file`])
    mkdirSync(join(folder, 'd'))
    symlinkSync('d', join(folder, 'directory'))
    converged(t, converge(shell, get_url, { url, dest: join(folder, 'directory') }), [
      `download ${url} to ${folder}/directory/file`,
    ])
    t.same([readdirSync(join(folder, 'd')), lstatSync(join(folder, 'directory')).isSymbolicLink()], [['file'], true])
    symlinkSync('file', join(folder, 'link'))
    writeFileSync(join(folder, 'file'), 'spoilt')
    converged(t, converge(shell, get_url, { url, dest: join(folder, 'link'), force: true }), [
      `download again ${url} to ${folder}/link`,
    ])
    t.ok(readFileSync(join(folder, 'file')).equals(bytes))
  })
})

t.test('get_url takes a checksum from lists in the formats of Ansible, of the file itself first', async (t) => {
  const other = '1'.repeat(64)
  const lists: Record<string, string> = {
    '/exact': `${other}  old/file\n${sum}  file\n`,
    '/dot': `${other}  old/file\n${sum} *./file\n`,
    '/bsd': `SHA256 (other) = ${other}\nSHA256 (file) = ${sum.toUpperCase()}\n`,
    '/only': `${sum}\n`,
    '/path': `${sum}  new/file\n`,
  }
  const pages = Object.fromEntries(Object.entries(lists).map(([path, body]) => [path, ['text/plain', body] as const]))
  const port = await serve(t, bytes, '', pages)
  const at = (path: string): string => `http://127.0.0.1:${port}${path}`
  inEachShell(t, (t, shell, folder) => {
    for (const list of Object.keys(lists)) {
      const dest = join(folder, list)
      const run = converge(shell, get_url, { url: at('/file'), dest, checksum: `sha256:${at(list)}` })
      converged(t, run, [`download ${at('/file')} to ${dest}`])
    }
  })
})

t.test('get_url takes no other status than 200, and names a file without a name index.html', async (t) => {
  const port = await serve(t, bytes, '', { '/a/': ['text/html', 'index'], '/': ['text/html', 'index'] })
  const at = (path: string): string => `http://127.0.0.1:${port}${path}`
  inEachShell(t, (t, shell, folder) => {
    for (const code of [201, 204, 206, 304]) {
      const dest = join(folder, String(code))
      const { applied } = converge(shell, get_url, { url: at(`/status/${code}`), dest })
      t.match(applied, [{ exitCode: 22, stderr: `status code was ${code} and not 200` }])
      t.match(
        converge(shell, get_url, { url: at('/file'), dest, checksum: `sha256:${at(`/status/${code}`)}` }).before
          .problem,
        `status code was ${code} and not 200`,
      )
    }
    t.same(readdirSync(folder), [])
    for (const url of [at('/a/'), at('/'), at('')])
      for (const [name, slash] of [
        ['with', '/'],
        ['without', ''],
      ] as const) {
        const dest = join(folder, `${name} ${url.length}`)
        mkdirSync(dest)
        converged(t, converge(shell, get_url, { url, dest: dest + slash }), [`download ${url} to ${dest}/index.html`])
      }
  })
})

t.test('get_url refuses what it leaves out, by name', async (t) => {
  const given = { url: 'http://a/b', dest: '/b', url_username: 'u', checksum: 'md5:00' }
  const issues = get_url.definition.schema.safeParse(given).error?.issues.map(({ message }) => message) ?? []
  t.match(issues.join('; '), '"url_username" is not supported: set the header Authorization')
  t.match(issues.join('; '), "must be 'sha256:' and 64 hexadecimal digits")
})

t.test('get_url sends secret headers with curl and with wget', async (t) => {
  const port = await serve(t, bytes, 'to"ken \\')
  const url = `http://127.0.0.1:${port}/private`
  inEachShell(t, (t, shell, folder) => {
    const headers = { 'X-Token': new Secret('to"ken \\') }
    converged(t, converge(shell, get_url, { url, dest: join(folder, 'curl'), headers }), [
      `download ${url} to ${folder}/curl`,
    ])
    const { applied } = withWget(shell, folder, { url, dest: join(folder, 'wget'), headers })
    t.same(applied, [{ stdout: '', stderr: '', exitCode: 0 }])
    t.equal(readFileSync(join(folder, 'curl'), 'utf8'), 'for you')
    t.equal(readFileSync(join(folder, 'wget'), 'utf8'), 'for you')
  })
})

/** On a host that has wget and no curl. */
function withWget(shell: Shell, folder: string, params: Parameters<typeof get_url.definition.schema.parse>[0]) {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const tools = ['chmod', 'chown', 'flock', 'ls', 'mktemp', 'mv', 'readlink', 'rm', 'sha256sum', 'stat', 'sync', 'wget']
  for (const tool of tools) symlinkSync(`/usr/bin/${tool}`, join(bin, tool))
  const path = process.env['PATH']
  process.env['PATH'] = bin
  try {
    return converge(
      { ...shell, argv: [`/usr/bin/${shell.argv[0]}`, ...shell.argv.slice(1)] as never },
      get_url,
      params as never,
    )
  } finally {
    process.env['PATH'] = path
  }
}

t.test('a failed download is reported and keeps the old file', async (t) => {
  const port = await serve(t, bytes)
  const at = (path: string): string => `http://127.0.0.1:${port}${path}`
  inEachShell(t, (t, shell, folder) => {
    const dest = join(folder, 'a')
    writeFileSync(dest, 'old')
    chmodSync(dest, 0o600)
    const wrong = converge(shell, get_url, { url: at('/file'), dest, checksum: `sha256:${'1'.repeat(64)}` })
    t.match(wrong.applied, [{ exitCode: 1, stderr: `checksum mismatch of ${at('/file')}: ${sum}` }])
    t.match(converge(shell, get_url, { url: at('/gone'), dest: join(folder, 'b') }).applied, [
      { exitCode: 22, stderr: '404' },
    ])
    t.match(
      converge(shell, get_url, { url: at('/gone'), dest, force: true }).before.problem,
      /^cannot download .*\/gone: .*404/,
    )
    t.match(
      converge(shell, get_url, { url: at('/other2'), dest, checksum: `sha256:${at('/SUMS')}` }).before.problem,
      'has no SHA-256 checksum of other2',
    )
    t.match(
      converge(shell, get_url, { url: at('/file'), dest, checksum: `sha256:${at('/none')}` }).before.problem,
      /^cannot download .*\/none: .*404/,
    )
    t.equal(readFileSync(dest, 'utf8'), 'old')
    t.same(readdirSync(folder), ['a'])
  })
})
