import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { replaceFile } from '../../../../src/modules/support/replace-file.ts'
import type { Replacement } from '../../../../src/modules/support/replacement.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'
import {
  about,
  addAttributes,
  busyboxTools,
  attributesOf,
  emptyFolder,
  fileIn,
  fill,
  NEW,
  OLD,
  script,
  shims,
} from './replaced-file.ts'

const [dash, bash] = shells

t.test('owner, mode, ACL and extended attributes are preserved; times are not', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder)
    addAttributes(path)
    const before = attributesOf(path)
    t.match(before, /posix_acl_access.*user\.origin/)
    t.same(runIn(shell, script({ path, old })), { stdout: '', stderr: '', exitCode: 0 })
    t.same(about(path), { ...old, content: NEW })
    t.equal(attributesOf(path), before)
    t.same(readdirSync(folder), ['file'])
  })
})

t.test('requested attributes replace only the old ones', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder, 0o600)
    addAttributes(path)
    runIn(shell, script({ path, old, owner: '77', mode: 0o664 }))
    t.same(about(path), { uid: 77, gid: old.gid, mode: 0o664, content: NEW })
    t.match(attributesOf(path), /posix_acl_access.*user\.origin/)
  })
})

t.test('set-user-id bits and read-only modes are preserved', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    for (const mode of [0o4755, 0o2711, 0o1644, 0o400, 0o000]) {
      const { path, old } = fileIn(folder, mode)
      for (const asked of [{}, { owner: '55', mode }, { mode: 0o4755 }]) {
        chmodSync(path, mode)
        t.equal(runIn(shell, script({ path, old, ...asked })).exitCode, 0, JSON.stringify(asked))
        t.equal(about(path).mode, 'mode' in asked ? asked.mode : mode, JSON.stringify(asked))
        t.equal(about(path).content, NEW, JSON.stringify(asked))
      }
    }
  })
})

t.test('a file is never readable by more users than in the end', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder, 0o644)
    addAttributes(path)
    chmodSync(path, 0o644)
    const seen = join(folder, 'seen')
    // The mode of the new file while it is filled, and after each earlier tool.
    const tools = shims(
      folder,
      ['cp', 'chmod', 'chown'],
      `"$lb_real" "$@"; lb_code=$?; stat -c %a -- "$lb_last" >>${seen}; exit "$lb_code"`,
    )
    const watched = `stat -c %a -- "$lb_new" >>${seen}; ${fill}`
    const modes = (given: Partial<Replacement>): string[] => {
      rmSync(seen, { force: true })
      t.equal(
        runIn(shell, script({ path, fill: watched, ...given }), { env: { PATH: `${tools}:${process.env['PATH']}` } })
          .exitCode,
        0,
      )
      return [...new Set(readFileSync(seen, 'utf8').trim().split('\n'))].sort()
    }
    t.same(modes({ old, mode: 0o600 }), ['600'])
    t.match(attributesOf(path), /user\.origin/)
    t.notMatch(attributesOf(path), /posix_acl/, 'the ACL lets another user read the file')
    rmSync(path)
    t.same(modes({ defaultMode: 0o600 }), ['600'])
    rmSync(path)
    t.same(modes({ mode: 0o440 }), ['440', '640'])
  })
})

t.test('owner and mode are preserved without GNU tools', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const tools = busyboxTools(folder)
    const { path, old } = fileIn(folder, 0o2750)
    const before = readdirSync(folder)
    t.same(runIn(shell, `PATH=${tools}\n${script({ path, old, backup: true })}`), {
      stdout: '',
      stderr: '',
      exitCode: 0,
    })
    t.same(about(path), { ...old, content: NEW })
    const kept = readdirSync(folder).filter((name) => !before.includes(name))
    t.equal(kept.length, 1)
    t.same(about(join(folder, kept[0] as string)), { ...old, content: OLD })
    runIn(shell, `PATH=${tools}\n${script({ path, old, mode: 0o600 })}`)
    t.equal(about(path).mode, 0o600)
    const loop = join(folder, 'loop')
    symlinkSync('loop', loop)
    t.equal(runIn(shell, `PATH=${tools}\n${script({ path: loop })}`).exitCode, 0, 'a link that leads to itself')
    t.equal(readFileSync(loop, 'utf8'), NEW)
  })
})

t.test('a backup has all attributes of the file', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder)
    addAttributes(path)
    const acl = /'system\.posix_acl_access', '\w+'/.exec(attributesOf(path))?.[0]
    runIn(shell, script({ path, old, backup: true, mode: 0o600 }))
    const kept = readdirSync(folder).find((name) => name !== 'file') as string
    t.match(kept, /^file\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$/)
    t.same(about(join(folder, kept)), { ...old, content: OLD })
    t.match(attributesOf(join(folder, kept)), acl)
  })
})

t.test('the target of a link is replaced; hard links keep the old content', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder)
    symlinkSync('file', join(folder, 'link'))
    linkSync(path, join(folder, 'other name'))
    runIn(shell, script({ path: join(folder, 'link'), old, followLink: true }))
    t.equal(readFileSync(path, 'utf8'), NEW)
    t.equal(readFileSync(join(folder, 'other name'), 'utf8'), OLD)
    t.same(readdirSync(folder).sort(), ['file', 'link', 'other name'])
  })
})

t.test('a mount point is written in place, and the script reports it', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder)
    const other = join(folder, 'other')
    writeFileSync(other, OLD)
    chownSync(other, 1234, 4321)
    const inMount = (text: string): ReturnType<typeof runIn> =>
      runIn(
        { ...shell, argv: ['unshare', '--mount', '--propagation', 'private', ...shell.argv] } as never,
        `mount --bind ${other} ${path} || exit 99\n${text}`,
      )
    const { exitCode, stderr } = inMount(`${script({ path, old, owner: '99', mode: 0o600 })}\nls -A ${folder} >&2`)
    t.equal(exitCode, 0)
    t.equal(stderr, `${path} is a mount point and cannot be replaced: its content is written in place\nfile\nother\n`)
    t.same(about(other), { uid: 99, gid: 4321, mode: 0o600, content: NEW })
    t.equal(readFileSync(path, 'utf8'), OLD, 'the file below the mount point is unchanged')
  })
})

t.test('any failure keeps the old file and leaves nothing else', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { path, old } = fileIn(folder)
    const broken = (given: Partial<Replacement>, tool?: string): void => {
      const bin = tool === undefined ? '' : `${shims(folder, [tool], 'echo broken >&2; exit 3')}:`
      const { exitCode, stderr } = runIn(shell, script({ path, old, backup: true, ...given }), {
        env: { PATH: `${bin}${process.env['PATH']}` },
      })
      if (tool !== undefined) rmSync(bin.slice(0, -1), { recursive: true })
      t.not(exitCode, 0, tool ?? 'the script')
      t.not(stderr, '')
      t.same(readdirSync(folder), ['file'])
      t.same(about(path), { ...old, content: OLD })
    }
    broken({ fill: `printf half >"$lb_new"; echo no >&2; false` })
    broken({ fill: `printf half >"$lb_new"; echo no >&2; exit 7` })
    broken({ validate: "sh -c 'echo no; ! grep -q new %s'" })
    broken({ owner: 'nobody.at.all' })
    broken({}, 'mv')
    broken({}, 'sync')
    broken({ mode: 0o644 }, 'chmod')
  })
})

t.test('two concurrent writers never mix content', async (t) => {
  inEachShell(t, async (t, shell, folder) => {
    const { path, old } = fileIn(folder)
    const [command, ...args] = shell.argv
    const contents = Array.from({ length: 8 }, (_, i) => `${String(i).repeat(40)}\n`.repeat(2000))
    const codes = await Promise.all(
      contents.map(
        (content) =>
          new Promise((resolve) => {
            const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'inherit'] })
            child.on('exit', resolve)
            child.stdin.end(script({ path, old, fill: `printf %s '${content}' >"$lb_new"` }))
          }),
      ),
    )
    t.same(
      codes,
      contents.map(() => 0),
    )
    t.ok(contents.includes(readFileSync(path, 'utf8')))
    t.same(readdirSync(folder), ['file'])
  })
})

t.test("machines that share a directory do not remove each other's files", async (t) => {
  inEachShell(t, async (t, shell, folder) => {
    /** The same process IDs on each machine. */
    const onMachine = (name: string, text: string) => {
      const own = ['--pid', '--fork', '--mount-proc', '--uts', 'sh', '-c', `hostname ${name}; exec "$@"`, 'sh']
      const child = spawn('unshare', [...own, ...shell.argv], { stdio: ['pipe', 'ignore', 'pipe'] })
      child.stdin.end(`{\n${text}\n} </dev/null`)
      let stderr = ''
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
      return new Promise<{ exitCode: number | null; stderr: string }>((resolve) =>
        child.on('close', (exitCode) => {
          resolve({ exitCode, stderr })
        }),
      )
    }
    const [path, ready, go] = ['first', 'ready', 'go'].map((name) => join(folder, name)) as [string, string, string]
    const waiting = `: >${ready}; while [ ! -e ${go} ]; do sleep 0.05; done; ${fill}`
    const first = onMachine('first', replaceFile({ path, fill: waiting }))
    while (!existsSync(ready)) await sleep(20)
    const other = join(folder, 'other')
    t.same(await onMachine('second', script({ path: other })), { exitCode: 0, stderr: '' }, 'the second machine')
    writeFileSync(go, '')
    t.same(await first, { exitCode: 0, stderr: '' }, 'the first machine')
    t.equal(readFileSync(path, 'utf8'), NEW)
    t.same(readdirSync(folder).sort(), ['first', 'go', 'other', 'ready'], 'no other file is left')
  })
})

/** Old or new, and complete; a second run then succeeds: new, with nothing left behind. */
function survives(t: Test, folder: string, killed: (text: string) => boolean): number {
  for (let step = 1; ; step++) {
    const at = join(folder, String(step))
    mkdirSync(at)
    const { path, old } = fileIn(at, 0o4750)
    const text = script({ path, old, owner: '99', validate: 'grep -q new %s' })
    const ended = !killed(text.replace('\n', `\n: step ${step}\n`))
    const then = about(path)
    const whole =
      then.content === NEW ? { uid: 99, gid: old.gid, mode: old.mode, content: NEW } : { ...old, content: OLD }
    if (JSON.stringify(then) !== JSON.stringify(whole))
      t.fail(`killed at step ${step}: neither the old file nor the new one`, { then })
    t.equal(runIn(dash, text).exitCode, 0, `run after a kill at step ${step}`)
    t.equal(readFileSync(path, 'utf8'), NEW, `run after a kill at step ${step}`)
    t.same(readdirSync(at), ['file'], `after a kill at step ${step}`)
    if (ended) return step
  }
}

t.test('a kill before any command leaves one complete file', async (t) => {
  const folder = emptyFolder(t)
  const steps = survives(t, folder, (text) => {
    const step = /: step (\d+)/.exec(text)?.[1]
    return (
      runIn(bash, `set -T; lb_step=0; trap '[ "$((lb_step += 1))" -lt ${step} ] || kill -9 "$BASHPID"' DEBUG\n${text}`)
        .exitCode !== 0
    )
  })
  t.ok(steps > 15, `${steps} steps`)
})

t.test('a kill before or after any tool leaves one complete file', async (t) => {
  const folder = emptyFolder(t)
  for (const when of ['before', 'after']) {
    mkdirSync(join(folder, when))
    const count = join(folder, 'count')
    const strike = `lb_n=$(($(cat ${count}) - 1)); echo "$lb_n" >${count}; [ "$lb_n" != 0 ] || kill -9 "$PPID"`
    const tools = shims(
      folder,
      ['cp', 'chown', 'chmod', 'sync', 'mv', 'rm', 'grep'],
      when === 'before' ? `${strike}; exec "$lb_real" "$@"` : `"$lb_real" "$@"; lb_code=$?; ${strike}; exit "$lb_code"`,
    )
    const steps = survives(t, join(folder, when), (text) => {
      writeFileSync(count, `${/: step (\d+)/.exec(text)?.[1]}\n`)
      runIn(dash, text, { env: { PATH: `${tools}:${process.env['PATH']}` } })
      return Number(readFileSync(count, 'utf8')) <= 0
    })
    t.ok(steps > 4, `${steps} steps`)
  }
})
