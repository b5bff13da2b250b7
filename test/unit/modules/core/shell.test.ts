import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { shell as shellModule } from '../../../../src/modules/core/shell.ts'
import { converge, runIn } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'

t.test('shell supports pipes, variables and several lines', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    writeFileSync(join(folder, 'a'), '')
    const run = converge(shell, shellModule, { cmd: "x='a b'\nprintf '%s\\n' \"$x\" * | tr a-z A-Z", chdir: folder })
    t.equal(run.applied[0]?.stdout, 'A B\nA\n')
  })
})

t.test('a syntax error or exit in shell text does not affect the script around it', async (t) => {
  inEachShell(t, (t, shell) => {
    const { definition } = shellModule
    const text = (cmd: string): string => definition.probe(definition.schema.parse({ cmd, read_only: true }), {})
    t.equal(runIn(shell, `${text('exit 3')}\necho "then $?"`).stdout, 'then 3\n')
    t.match(runIn(shell, `(\n${text('if')}\n)\necho "then $?"`).stdout, /^then [^0]/)
  })
})

t.test('shell passes its text to another interpreter', async (t) => {
  inEachShell(t, (t, shell) => {
    const run = converge(shell, shellModule, { cmd: 'a=(1 2 3); echo "${a[2]}"; cat; exit 5', executable: '/bin/bash' })
    t.same(run.applied, [{ stdout: '3\n', stderr: '', exitCode: 5 }])
  })
})
