import { createHash } from 'node:crypto'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stat } from '../../../../src/modules/core/stat.ts'
import { converge } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'

const sum = (text: string, algorithm = 'sha1'): string => createHash(algorithm).update(text).digest('hex')

t.test('stat returns facts about a path', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const look = (params: Parameters<typeof stat.definition.schema.parse>[0]) =>
      converge(shell, stat, params as never).before.values
    const path = join(folder, ' odd\n\'name" é')
    t.same(look({ path }), { exists: false, path })
    writeFileSync(path, 'text')
    chmodSync(path, 0o4751)
    t.match(look({ path }), {
      exists: true,
      isreg: true,
      isdir: false,
      islnk: false,
      mode: '4751',
      uid: 0,
      pw_name: 'root',
      size: 4,
      checksum: sum('text'),
    })
    t.equal(look({ path, checksum_algorithm: 'sha512' })?.checksum, sum('text', 'sha512'))
    t.equal(look({ path, get_checksum: false })?.checksum, undefined)
    t.match(look({ path: folder }), { isdir: true, isreg: false, mode: '0700' })
    const link = join(folder, 'link')
    symlinkSync('nowhere\n\n', link)
    t.match(look({ path: link }), { exists: true, islnk: true, lnk_target: 'nowhere\n\n' })
    t.match(look({ path: link, follow: true }), { islnk: true })
    const good = join(folder, 'good')
    symlinkSync(path, good)
    t.match(look({ path: good, follow: true }), { islnk: false, isreg: true, size: 4, checksum: sum('text') })
    t.equal(look({ path: good })?.checksum, undefined)
    chmodSync(folder, 0o755)
    chmodSync(path, 0o600)
    const asOther = { ...shell, argv: ['setpriv', '--reuid=4242', '--clear-groups', ...shell.argv] } as const
    const unreadable = converge(asOther, stat, { path }).before
    // busybox ash says that each file can be read.
    if (shell.name === 'busybox ash') t.match(unreadable.problem ?? 'cannot read', 'cannot read')
    else t.match([unreadable.problem, unreadable.values], [undefined, { exists: true, mode: '0600' }])
    t.equal(unreadable.values?.checksum, undefined)
  })
})
