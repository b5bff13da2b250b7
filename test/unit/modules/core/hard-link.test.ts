import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { file } from '../../../../src/modules/core/file.ts'
import { converge, runIn } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'

/* Files are compared with Ansible's in ansible-cases.test.ts. */

t.test('file creates hard links', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const [path, src] = [join(folder, "it's a link"), join(folder, 'target')]
    writeFileSync(src, 'x')
    converged(t, converge(shell, file, { path, src, state: 'hard', mode: 'u=rw,g=,o=' }), [
      `create hard link ${path} to ${src} (0600)`,
    ])
    t.same([statSync(path).ino, statSync(src).mode & 0o777], [statSync(src).ino, 0o600])
    converged(t, converge(shell, file, { path, src, state: 'hard' }), [])
    const other = join(folder, 'other')
    symlinkSync(src, other)
    converged(t, converge(shell, file, { path: other, src, state: 'hard' }), [
      `replace link by hard link ${other} to ${src}`,
    ])
    const forced = join(folder, 'forced')
    writeFileSync(forced, 'y')
    converged(t, converge(shell, file, { path: forced, src, state: 'hard', force: true }), [
      `replace file by hard link ${forced} to ${src}`,
    ])
    t.same(
      readdirSync(folder).filter((name) => name.startsWith('.')),
      [],
    )
    const problem = (from: string): string | undefined =>
      converge(shell, file, { path: join(folder, 'new'), src: from, state: 'hard' }).before.problem
    t.match(problem(join(folder, 'no')), 'does not exist')
    t.match(problem(folder), 'is a directory')
  })
})

t.test('with ln of busybox, a failed hard link removes nothing', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'bin'))
    writeFileSync(join(folder, 'bin/ln'), '#!/bin/sh\nexec busybox ln "$@"\n', { mode: 0o755 })
    const path = join(folder, 'kept')
    writeFileSync(path, 'y')
    // /proc is another file system.
    const { before } = converge(shell, file, { path, src: '/proc/version', state: 'hard', force: true })
    writeFileSync(path, 'y')
    const env = { PATH: `${folder}/bin:${process.env['PATH']}` }
    t.not(runIn(shell, before.changes[0]?.script ?? '', { env }).exitCode, 0)
    t.equal(readFileSync(path, 'utf8'), 'y')
  })
})
