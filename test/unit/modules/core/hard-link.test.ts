import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { file } from '../../../../src/modules/core/file.ts'
import { converge } from '../../../support/shells.ts'
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
    // /proc is another file system.
    const kept = join(folder, 'kept')
    writeFileSync(kept, 'y')
    const across = converge(shell, file, { path: kept, src: '/proc/version', state: 'hard', force: true })
    t.not(across.applied[0]?.exitCode, 0)
    t.equal(readFileSync(kept, 'utf8'), 'y', 'a failed link removes nothing')
    const problem = (from: string): string | undefined =>
      converge(shell, file, { path: join(folder, 'new'), src: from, state: 'hard' }).before.problem
    t.match(problem(join(folder, 'no')), 'does not exist')
    t.match(problem(folder), 'is a directory')
  })
})
