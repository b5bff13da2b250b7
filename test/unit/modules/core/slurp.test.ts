import { createHash } from 'node:crypto'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { slurp } from '../../../../src/modules/core/slurp.ts'
import { converge } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'

const sum = (text: string): string => createHash('sha256').update(text).digest('hex')

t.test('slurp returns a text file exactly', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const look = (src: string) => converge(shell, slurp, { src }).before
    const src = join(folder, 'a')
    for (const text of ['', '\n', 'é\r\n\n', '@there\nabsent\n']) {
      writeFileSync(src, text)
      t.same(look(src).values, { content: text, sha256: sum(text) }, JSON.stringify(text))
    }
    writeFileSync(src, Buffer.from([0x61, 0xff]))
    t.equal(look(src).problem, `cannot read ${src}: not UTF-8 text`)
    truncateSync(src, 2_000_000)
    t.equal(look(src).problem, `cannot read ${src}: 2000000 bytes exceed the limit of 1048576`)
    mkdirSync(join(folder, 'd'))
    t.equal(look(join(folder, 'd')).problem, `cannot read ${folder}/d: not a regular file`)
    t.equal(look(join(folder, 'no')).problem, `cannot read ${folder}/no: it does not exist`)
  })
})
