import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { raw } from '../../../../src/modules/core/raw.ts'
import { script } from '../../../../src/modules/core/script.ts'
import { converge } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

const TEXT = '#!/bin/sh\nprintf "<%s>" "$@"; echo; pwd; echo oops >&2; exit 3\n'

const valuesOf = (run: ReturnType<typeof converge>, cmd: string) =>
  script.definition.result?.(script.definition.schema.parse({ cmd }), run.applied)

t.test('script runs a file of the controller, with arguments that the shell of the host expands', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const cmd = `'files/my script.sh' "a b" $((1 + 1)) '$HOME'`
    const run = converge(shell, script, { cmd, chdir: folder }, { inputs: { script: Buffer.from(TEXT) } })
    t.same(descriptions(run.before), [`run in ${folder}: ${cmd}`])
    t.same(valuesOf(run, cmd), {
      values: {
        cmd,
        stdout: `<a b><2><$HOME>\n${folder}`,
        stderr: 'oops',
        rc: 3,
        stdout_lines: ['<a b><2><$HOME>', folder],
        stderr_lines: ['oops'],
      },
      failed: 'non-zero return code 3: oops',
    })
    t.same(readdirSync(folder), [], 'nothing is left')
  })
})

t.test('script leaves no copy on the host, has a private one, and any bytes in it', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const bytes = Buffer.from('#!/bin/sh\nls -l "$0" | cut -c1-10; : "\xff\xfe"; dirname "$0"\n', 'latin1')
    process.env['TMPDIR'] = folder
    const run = converge(shell, script, { cmd: 'x.sh' }, { inputs: { script: bytes } })
    delete process.env['TMPDIR']
    t.match(run.applied[0]?.stdout, /^-rwx------\n/)
    t.match(run.applied[0]?.stdout, folder)
    t.same(readdirSync(folder), [])
  })
})

t.test('script with an interpreter, and with creates and removes', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const inputs = { script: Buffer.from('echo "${BASH_VERSION:+bash} $-"\n') }
    const run = converge(shell, script, { cmd: 'x.sh', executable: 'bash -u' }, { inputs })
    t.match(run.applied[0]?.stdout, /^bash \w*u/)
    writeFileSync(path.join(folder, 'there'), '')
    t.same(converge(shell, script, { cmd: 'x.sh', creates: `${folder}/there` }, { inputs }).before.changes, [])
    t.same(converge(shell, script, { cmd: 'x.sh', removes: `${folder}/none` }, { inputs }).before.changes, [])
    t.same(descriptions(converge(shell, script, { cmd: 'x.sh', creates: `${folder}/none` }, { inputs }).before), [
      'run: x.sh',
    ])
  })
})

t.test('script names its file on the controller, without quotes', async (t) => {
  const fileOf = (cmd: string) => script.definition.inputs?.(script.definition.schema.parse({ cmd }))
  t.same(fileOf('"a b.sh" c'), { script: 'a b.sh' })
  t.same(fileOf('a\\ b.sh'), { script: 'a b.sh' })
  t.notOk(script.definition.schema.safeParse({ cmd: '  ' }).success)
})

t.test('raw runs shell text, with another shell if set', async (t) => {
  inEachShell(t, (t, shell) => {
    t.same(converge(shell, raw, { cmd: 'echo a | tr a b; exit 2' }).applied, [
      { stdout: 'b\n', stderr: '', exitCode: 2 },
    ])
    t.equal(converge(shell, raw, { cmd: 'a=(1 2); echo ${a[1]}', executable: '/bin/bash' }).applied[0]?.stdout, '2\n')
  })
})

t.test('a killed script removes its copy', async (t) => {
  const folder = mkdtempSync('/tmp/labbook-script-')
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  inEachShell(t, (t, shell) => {
    process.env['TMPDIR'] = folder
    const inputs = { script: Buffer.from('#!/bin/sh\nkill -TERM $PPID; sleep 0.2\n') }
    converge(shell, script, { cmd: 'x.sh' }, { inputs })
    delete process.env['TMPDIR']
    t.same(readdirSync(folder), [])
  })
})
