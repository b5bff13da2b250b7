import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { get_url } from '../../../../src/modules/core/get_url.ts'
import { uri } from '../../../../src/modules/core/uri.ts'
import { secretsSince } from '../../../../src/values/secret.ts'
import { runIn, type Shell } from '../../../support/shells.ts'
import { serve } from '../http-server.ts'
import { inEachShell } from '../each-shell.ts'

/** Runs a module's scripts with a home directory, and the programs that a host has. */
function converge(
  shell: Shell,
  { definition }: typeof get_url | typeof uri,
  params: object,
  env: NodeJS.ProcessEnv,
): { problem: string | undefined; content: unknown; errors: string; scripts: string } {
  const parsed = definition.schema.parse(params) as never
  const probe = definition.probe(parsed, {})
  const plan = definition.plan(parsed, runIn(shell, probe, { env }), {}, {})
  const applied = plan.changes.map(({ script }) => runIn(shell, script, { env }))
  return {
    problem: plan.problem,
    content: (plan.values as { content?: string } | undefined)?.content,
    errors: applied.map(({ stderr }) => stderr).join(''),
    scripts: [probe, ...plan.changes.map(({ script }) => script)].join('\n'),
  }
}

/** Knows the options of busybox wget. */
const BUSYBOX_WGET = `#!/bin/sh
for option; do
  case $option in --) break ;; --*) echo "wget: unrecognized option '$option'" >&2; exit 1 ;; esac
done
exec /usr/bin/wget "$@"
`

/** A directory with the programs that get_url needs, and one that downloads. */
function programs(folder: string, downloader: 'wget' | 'busybox'): string {
  const bin = join(folder, `bin-${downloader}`)
  mkdirSync(bin)
  for (const tool of [
    'ls',
    'sleep',
    'flock',
    'mkdir',
    'rmdir',
    'dash',
    'bash',
    'busybox',
    'stat',
    'sha256sum',
    'mktemp',
    'chmod',
    'chown',
    'rm',
    'mv',
    'sync',
    'readlink',
    'cat',
  ])
    symlinkSync(`/usr/bin/${tool}`, join(bin, tool))
  if (downloader === 'wget') symlinkSync('/usr/bin/wget', join(bin, 'wget'))
  // Debian's busybox is linked statically, and its wget crashes when it resolves a name.
  else writeFileSync(join(bin, 'wget'), BUSYBOX_WGET, { mode: 0o755 })
  return bin
}

t.test('configuration files in the home directory have no effect', async (t) => {
  const port = await serve(t, Buffer.from('a file\n'), 'token')
  const url = `http://127.0.0.1:${port}/file`
  inEachShell(t, (t, shell, folder) => {
    writeFileSync(join(folder, '.curlrc'), 'include\nwrite-out = "\\n"\nuser-agent = odd\n')
    writeFileSync(join(folder, '.wgetrc'), 'save_headers = on\nuser_agent = odd\n')
    const env = { HOME: folder, XDG_CONFIG_HOME: folder, CURL_HOME: folder }
    const dest = join(folder, 'file')
    const read = (name: string, more: NodeJS.ProcessEnv = {}, params: object = {}): string => {
      const done = converge(shell, get_url, { url, dest: `${dest}-${name}`, ...params }, { ...env, ...more })
      t.equal(done.errors, '', `${name}: no errors`)
      return readFileSync(`${dest}-${name}`, 'utf8')
    }
    t.equal(read('curl'), 'a file\n', 'get_url with curl')
    t.equal(converge(shell, uri, { url, return_content: true }, env).content, 'a file\n', 'uri')
    t.equal(read('wget', { PATH: programs(folder, 'wget') }), 'a file\n', 'get_url with wget')
    const secret = { url: `http://127.0.0.1:${port}/private`, headers: { 'X-Token': 'token' } }
    t.equal(read('private', { PATH: join(folder, 'bin-wget') }, secret), 'for you', 'wget with headers')
  })
})

t.test('every curl of a module ignores the configuration of the user', async (t) => {
  const modules = join(import.meta.dirname, '../../../../src/modules')
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const calls = files.flatMap((name) =>
    [...readFileSync(join(modules, name), 'utf8').matchAll(/\bcurl (?:\$\{\[')?-[A-Za-z-]+/g)].map(
      ([call]) => [name, call] as const,
    ),
  )
  t.ok(calls.length > 4, 'the calls are found')
  for (const [name, call] of calls) t.match(call, /-q$/, `${name}: -q is the first option of ${call}`)
})

t.test('busybox wget, which has no configuration, downloads; it cannot send headers', async (t) => {
  const port = await serve(t, Buffer.from('a file\n'), 'token')
  inEachShell(t, (t, shell, folder) => {
    const env = { PATH: programs(folder, 'busybox') }
    const dest = join(folder, 'file')
    const url = `http://127.0.0.1:${port}/file`
    t.equal(converge(shell, get_url, { url, dest }, env).errors, '')
    t.equal(readFileSync(dest, 'utf8'), 'a file\n')
    const headers = { 'X-Token': 'token' }
    t.match(
      converge(shell, get_url, { url, dest: `${dest}2`, headers }, env).errors,
      'cannot send headers: install curl',
    )
  })
})

t.test('a forced download of a page that changes is a change, and no failure', async (t) => {
  const port = await serve(t)
  inEachShell(t, (t, shell, folder) => {
    const url = `http://127.0.0.1:${port}/changing`
    const params = get_url.definition.schema.parse({ url, dest: join(folder, 'page'), force: true })
    for (const title of ['a new file', 'an old file']) {
      const plan = get_url.definition.plan(params, runIn(shell, get_url.definition.probe(params, {})), {}, {})
      t.match(plan.changes, [{ recurs: true }], `${title}: may be needed again`)
      t.equal(plan.changes.length, 1)
      t.equal(runIn(shell, plan.changes[0]?.script ?? '').exitCode, 0, `${title}: is downloaded`)
    }
    t.match(readFileSync(join(folder, 'page'), 'utf8'), /^page \d+$/)
  })
})

t.test('the timeout limits a pause in a transfer, too, and there is one attempt', async (t) => {
  const parsed = get_url.definition.schema.parse({ url: 'http://127.0.0.1/', dest: '/srv/file', timeout: 2 })
  const absent = { stdout: 'absent\n', stderr: '', exitCode: 0 }
  const script = get_url.definition.plan(parsed, absent, {}, {}).changes[0]?.script ?? ''
  t.match(script, 'connect-timeout = "2"')
  t.match(script, 'speed-time = "2"')
  t.match(script, /wget [^\n]*-T 2 -t 1 /)
})

t.test('credentials in a URL are secret, and in no argument', async (t) => {
  const port = await serve(t)
  const before = secretsSince(0).length
  uri.definition.schema.parse({ url: `http://me:s3%63ret@127.0.0.1:${port}/` })
  t.same(secretsSince(before), ['me:s3%63ret', `Basic ${Buffer.from('me:s3cret').toString('base64')}`, 's3%63ret'])
  t.same(secretsSince(before + 3), [], 'a URL without credentials adds none')

  inEachShell(t, (t, shell, folder) => {
    const url = `http://me:s3%63ret@127.0.0.1:${port}/echo`
    const sent = (name: string, env: NodeJS.ProcessEnv): { authorization?: string } => {
      const dest = join(folder, name)
      const done = converge(shell, get_url, { url, dest }, env)
      t.equal(done.errors, '')
      t.notMatch(done.scripts, /wget [^\n]*s3%63ret/, 'not in an argument of wget')
      return (JSON.parse(readFileSync(dest, 'utf8')) as { headers: { authorization?: string } }).headers
    }
    const authorization = `Basic ${Buffer.from('me:s3cret').toString('base64')}`
    t.match(sent('curl', {}), { authorization })
    t.match(sent('wget', { PATH: programs(folder, 'wget') }), { authorization })
  })
})
