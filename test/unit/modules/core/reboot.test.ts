import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { reboot } from '../../../../src/modules/core/reboot.ts'
import { runIn, shells } from '../../../support/shells.ts'

const { definition } = reboot
const params = (given: object = {}) => definition.schema.parse(given)
const seen = (stdout: string, exitCode = 0, stderr = '') => ({ stdout, stderr, exitCode })
const planned = (given: object = {}) => definition.plan(params(given), seen('one\n'), {}, {})

t.test('a reboot is always a change; an unreadable boot id is an error', async (t) => {
  t.match(planned(), { changes: [{ description: 'reboot' }] })
  t.same(definition.plan(params(), seen('', 1, 'cat: no such file\n'), {}, {}), {
    changes: [],
    problem: 'cannot read the boot id: cat: no such file',
  })
})

t.test('the host is back when its boot id changed and test_command succeeds', async (t) => {
  const missing = (now: ReturnType<typeof seen>) =>
    definition.comesBack?.pendingReason(params({ test_command: 'ready' }), seen('one\n'), now)
  t.equal(missing(seen('two\n')), undefined)
  t.match(missing(seen('one\n')), /has not rebooted$/)
  t.match(missing(seen('one\n', 1)), /has not rebooted$/, 'whatever test_command returns')
  t.equal(missing(seen('two\n', 1, 'not yet\n')), 'it has rebooted, but ready fails: not yet')
  t.equal(missing(seen('two\n', 3)), 'it has rebooted, but ready fails: exit code 3')
  t.match(missing(seen('', 1, 'cat: gone\n')), /cannot read its boot id: cat: gone/)
  t.same(definition.result?.(params(), [seen(''), seen('two\n')]), { values: { rebooted: true, boot_id: 'two' } })
})

for (const shell of shells) {
  t.test(`${shell.name}: the first available reboot command is used`, async (t) => {
    const bin = mkdtempSync(path.join(tmpdir(), 'labbook-reboot-'))
    t.teardown(() => {
      rmSync(bin, { recursive: true })
    })
    const log = path.join(bin, 'log')
    const program = (name: string, exit = 0): void => {
      writeFileSync(path.join(bin, name), `#!/bin/sh\necho "${name} $*" >>${log}\nexit ${exit}\n`)
      chmodSync(path.join(bin, name), 0o755)
    }
    for (const name of ['dash', 'bash', 'busybox', 'sleep', 'cat']) symlinkSync(`/bin/${name}`, path.join(bin, name))
    const said = (given: object = {}): { exitCode: number; log: string } => {
      rmSync(log, { force: true })
      // The shell's own reboot (busybox) must not be found here.
      const { exitCode } = runIn(
        shell,
        `reboot() { command "${bin}/reboot" "$@"; }\n${planned(given).changes[0]?.script ?? ''}`,
        { env: { PATH: bin } },
      )
      return { exitCode, log: existsSync(log) ? readFileSync(log, 'utf8') : '' }
    }
    program('reboot')
    t.same(said(), { exitCode: 0, log: 'reboot \n' })
    program('systemctl')
    t.same(said(), { exitCode: 0, log: 'systemctl reboot\n' })
    program('shutdown')
    t.same(said({ msg: "it's $HOME", pre_reboot_delay: 0.1 }), { exitCode: 0, log: "shutdown -r now it's $HOME\n" })
    program('shutdown', 4)
    t.equal(said().exitCode, 4)
  })
}
