import { chmodSync } from 'node:fs'
import t from 'tap'
import { startScript } from '../../../../src/modules/k3s/scripts.ts'
import { runIn, shells } from '../../../support/shells.ts'

const DESIRED = {
  role: 'server' as const,
  version: 'v1.35.0+k3s1',
  binary: '/k3s',
  binary_sha256: 'a'.repeat(64),
  installer: '/install.sh',
  installer_sha256: 'b'.repeat(64),
  node_name: 'n1',
  ready_seconds: 60,
}

/** systemd, whose unit fails at each start. */
const SYSTEMCTL = `#!/bin/sh
case "$*" in *ActiveState*) echo failed ;; *NRestarts*) echo 5 ;; esac`

t.test('k3s that keeps failing is explained by its fatal line', async (t) => {
  const explain = (shell: (typeof shells)[number], log: string): string => {
    const dir = t.testdir({
      systemctl: SYSTEMCTL,
      journalctl: `#!/bin/sh\ncase "$*" in *'--since @'*) cat <<'END'\n${log}\nEND\n;; esac\n`,
    })
    for (const name of ['systemctl', 'journalctl']) chmodSync(`${dir}/${name}`, 0o755)
    const { exitCode, stderr } = runIn(shell, startScript(DESIRED), { env: { PATH: `${dir}:${process.env.PATH}` } })
    t.equal(exitCode, 1)
    return stderr.trimEnd().split('\n').at(-1) ?? ''
  }
  const fatal = (message: string): string =>
    `time="2026-11-28T13:10:51Z" level=info msg="Using cgroup driver"\ntime="2026-11-28T13:10:52Z" level=fatal msg=${message}\nmodprobe: FATAL: Module overlay not found in directory /lib/modules/6.18.44`
  for (const shell of shells) {
    t.equal(
      explain(shell, fatal('"bootstrap data already found and encrypted with different token"')),
      'k3s keeps failing: bootstrap data already found and encrypted with different token; the data on this machine belongs to a cluster with another token: reset it first',
      shell.name,
    )
    t.equal(
      explain(shell, fatal('"flag \\"x\\" is not defined"')),
      'k3s keeps failing: flag "x" is not defined',
      `${shell.name}: hints are about the fatal line alone`,
    )
    t.equal(
      explain(shell, 'Segmentation fault\nmodprobe: FATAL: Module overlay not found in directory /lib/modules'),
      'k3s keeps failing: Segmentation fault',
      `${shell.name}: modprobe is not the reason`,
    )
    t.equal(explain(shell, ''), 'k3s keeps failing: its log is empty', shell.name)
  }
})
