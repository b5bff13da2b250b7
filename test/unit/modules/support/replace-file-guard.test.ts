import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { printBytes } from '../../../../src/modules/support/file-content.ts'
import { lockDirectory } from '../../../../src/modules/support/file-lock.ts'
import { replaceFile } from '../../../../src/modules/support/replace-file.ts'
import type { Replacement } from '../../../../src/modules/support/replacement.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'
import { about, attributesOf, emptyFolder, fileIn, fill, NEW, OLD, python, script, shims } from './replaced-file.ts'

const [dash] = shells

/** Of new files in a directory: rwx for the owner, user 4242 and the group, nothing for others. */
const DEFAULT_ACL = [
  '02000000',
  '01000700ffffffff',
  '0200070092100000',
  '04000700ffffffff',
  '10000700ffffffff',
  '20000000ffffffff',
].join('')
const setDefaultAcl = (folder: string): void => {
  python(`os.setxattr(sys.argv[1], 'system.posix_acl_default', bytes.fromhex('${DEFAULT_ACL}'))`, folder)
}

t.test('a default ACL of the directory does not open a new file to others', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    setDefaultAcl(folder)
    for (const [name, given, mode] of [
      ['private', { mode: 0o600 }, 0o600],
      ['of a group', { mode: 0o640 }, 0o640],
      ['secret', { defaultMode: 0o600 }, 0o600],
      ['by the umask', {}, 0o644],
      ['read-only', { mode: 0o444 }, 0o444],
    ] as const) {
      const path = join(folder, name)
      // While it is filled, nobody else can read it either.
      const watch = `stat -c %a "$lb_new" >&2; getfacl -cp "$lb_new" | grep -c mask: >&2; ${fill}`
      const { exitCode, stderr } = runIn(shell, replaceFile({ path, fill: watch, ...given }))
      t.equal(exitCode, 0, name)
      t.equal(stderr, `${(mode | 0o200).toString(8)}\n0\n`, `${name}: mode and ACL before it is filled`)
      t.equal(attributesOf(path), '[]', `${name}: no ACL`)
      t.match(about(path), { mode, content: NEW }, name)
    }
    const { path, old } = fileIn(folder, 0o644)
    python(`os.removexattr(sys.argv[1], 'system.posix_acl_access')`, path)
    chmodSync(path, 0o644)
    t.equal(runIn(shell, script({ path, old })).exitCode, 0)
    t.equal(attributesOf(path), '[]', 'an update: no ACL')
    t.equal(runIn(shell, script({ path, old, mode: 0o600 })).exitCode, 0)
    t.equal(attributesOf(path), '[]', 'an update for fewer users: no ACL')
    t.same(about(path), { ...old, mode: 0o600, content: NEW })
    t.same(readdirSync(folder).length, 6, 'no temporary file is left')
  })
})

t.test('an inherited ACL is removed without the package acl, too', async (t) => {
  const folder = emptyFolder(t)
  const tools = shims(folder, ['getfacl', 'setfacl'], 'exit 127')
  mkdirSync(join(folder, 'd'))
  setDefaultAcl(join(folder, 'd'))
  const path = join(folder, 'd/file')
  const run = runIn(dash, script({ path, mode: 0o640 }), { env: { PATH: `${tools}:${process.env['PATH']}` } })
  t.same(run, { stdout: '', stderr: '', exitCode: 0 })
  t.equal(attributesOf(path), '[]')
  t.equal(about(path).mode, 0o640)
})

t.test('a file is not replaced if it is not the one that the new one was made from', async (t) => {
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder)
    const other = join(folder, 'other')
    const refused = (given: Partial<Replacement>, at = path): void => {
      const { exitCode, stderr } = runIn(shell, script({ path: at, old, ...given }))
      t.equal(exitCode, 75)
      t.match(stderr, `${at} was changed by another program at the same time`)
      t.same(readdirSync(folder), ['file'])
      t.same(about(path), { ...old, content: OLD })
    }
    refused({ madeFrom: sha('something else') })
    refused({ madeFrom: null })
    refused({ madeFrom: sha(''), old: undefined }, other)
    t.equal(runIn(shell, script({ path, old, madeFrom: sha(OLD), validate: "sh -c 'exit 75' %s" })).exitCode, 1)
    t.equal(runIn(shell, script({ path, old, madeFrom: sha(OLD) })).exitCode, 0)
    t.equal(runIn(shell, script({ path: other, madeFrom: null })).exitCode, 0)
    t.equal(readFileSync(path, 'utf8') + readFileSync(other, 'utf8'), NEW + NEW)
  })
})

for (const [title, tools] of [
  ['a lock of flock(1) makes writers wait', []],
  ['a host without flock(1) locks with a directory', ['flock']],
] as const)
  t.test(title, async (t) => {
    const folder = emptyFolder(t)
    // Only what the script needs, so that `command -v flock` finds nothing.
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    for (const tool of ['cat', 'cp', 'chown', 'chmod', 'date', 'flock', 'getfacl', 'head', 'ls', 'mkdir', 'mv'])
      symlinkSync(`/usr/bin/${tool}`, join(bin, tool))
    for (const tool of ['rm', 'sha256sum', 'sleep', 'stat', 'sync', 'wc'])
      symlinkSync(`/usr/bin/${tool}`, join(bin, tool))
    for (const tool of tools) rmSync(join(bin, tool))
    const directory = join(folder, 'd')
    mkdirSync(directory)
    const { path, old } = fileIn(directory)
    const busy = join(folder, 'busy')
    /** Holds the lock until the file "busy" is gone. */
    const holder = spawn('/usr/bin/dash', [], { stdio: ['pipe', 'inherit', 'inherit'], env: { PATH: bin } })
    holder.stdin.end(
      `lb_in=${directory}/ lb_lock=\n${lockDirectory}\n: >${busy}; while [ -e ${busy} ]; do sleep 0.02; done; rm -rf "$lb_lock"\n`,
    )
    while (!existsSync(busy)) await sleep(10)
    const writer = spawn('/usr/bin/dash', [], { stdio: ['pipe', 'inherit', 'inherit'], env: { PATH: bin } })
    writer.stdin.end(script({ path, old }))
    const ended = new Promise((resolve) => writer.on('exit', resolve))
    await sleep(300)
    t.equal(about(path).content, OLD, 'the lock is held')
    rmSync(busy)
    t.equal(await ended, 0)
    t.equal(about(path).content, NEW)
    if (tools.length > 0) {
      // The lock of a process that does not exist any more.
      mkdirSync(join(directory, '.labbook.lock'))
      writeFileSync(join(directory, '.labbook.lock/pid'), '4194999\n')
      const again = spawnSync('/usr/bin/dash', [], { input: script({ path, old }), env: { PATH: bin } })
      t.equal(again.status, 0, 'a lock that was left')
    }
    t.same(readdirSync(directory), ['file'], 'no lock is left')
  })

t.test('an ordinary user keeps owner and mode of a file in a directory that he can write to', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path } = fileIn(folder, 0o664)
    const old = { uid: 0, gid: 4243, mode: 0o664 }
    chownSync(path, old.uid, old.gid)
    chownSync(folder, 0, old.gid)
    chmodSync(folder, 0o2775)
    const asUser = (text: string) => {
      const user = ['--reuid=4242', `--regid=${old.gid}`, '--clear-groups']
      const run = spawnSync('setpriv', [...user, ...shell.argv], {
        input: `{\n${text}\n} </dev/null`,
        encoding: 'utf8',
      })
      return { exitCode: run.status, stderr: run.stderr }
    }
    const inPlace = `${path} has another owner, which only root can keep: its content is written in place\n`
    t.same(asUser(script({ path, old })), { exitCode: 0, stderr: inPlace })
    t.same(about(path), { ...old, content: NEW })
    writeFileSync(path, OLD)
    chmodSync(path, 0o600)
    const refused = asUser(script({ path, old: { ...old, mode: 0o600 } }))
    t.equal(refused.exitCode, 1)
    t.match(refused.stderr, 'only root can keep the owner 0:4243 of the file: set become')
    t.same(about(path), { ...old, mode: 0o600, content: OLD })
    t.same(readdirSync(folder), ['file'])
  })
})

t.test('a link to a directory is not replaced', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'd'))
    symlinkSync('d', join(folder, 'l'))
    const run = runIn(shell, script({ path: join(folder, 'l') }))
    t.equal(run.exitCode, 1)
    t.match(run.stderr, 'l is a link to a directory, and is not replaced')
    t.ok(lstatSync(join(folder, 'l')).isSymbolicLink())
    t.same([readdirSync(folder), readdirSync(join(folder, 'd'))], [['d', 'l'], []])
  })
})

t.test('an incomplete file replaces nothing, also if no tool reports the full disk', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder)
    const run = runIn(shell, replaceFile({ path, old, fill: 'printf half >&8; :', size: 100 }))
    t.equal(run.exitCode, 1)
    t.match(run.stderr, 'the new file is incomplete')
    t.same(about(path), { ...old, content: OLD })
    t.same(readdirSync(folder), ['file'])
    // A real one, of 64 KiB; base64 of busybox does not report it.
    const random = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 7)) & 0xff))
    const disk = [
      `mount -t tmpfs -o size=64k none ${folder}; echo old >${path}`,
      `(\n${replaceFile({ path, old, fill: `${printBytes(random)} >&8`, size: random.length })}\n); echo "code $?"`,
      `ls -A ${folder}; cat ${path}`,
    ].join('\n')
    const full = spawnSync('unshare', ['--mount', ...shell.argv], {
      input: `{\n${disk}\n} </dev/null`,
      encoding: 'utf8',
    })
    t.match(full.stdout, /^code [1-9]\d*\nfile\nold\n$/)
    t.match(full.stderr, /No space left|incomplete/i)
  })
})
