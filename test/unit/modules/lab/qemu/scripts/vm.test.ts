import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { macOf, processFunctions } from '../../../../../../src/modules/lab/qemu/scripts/vm.ts'
import { lab_vm } from '../../../../../../src/modules/lab/qemu/vm.ts'
import { runIn, shells } from '../../../../../support/shells.ts'
import { planFor } from '../../planned.ts'
import { node1 } from '../machine.ts'

t.test('macOf() gives each network card a unique, local unicast address', async (t) => {
  const all = ['node1', 'node2', 'node3'].flatMap((name) => [
    macOf('a', name, 0),
    macOf('a', name, 1),
    macOf('b', name, 0),
  ])
  t.equal(new Set(all).size, all.length)
  for (const mac of all) t.match(mac, /^52(:[0-9a-f]{2}){5}$/, mac)
  t.equal(macOf('a', 'node1', 0), macOf('a', 'node1', 0))
})

for (const shell of shells) {
  t.test(`${shell.name}: lab_vms() finds the QEMU processes of one lab only`, async (t) => {
    const dir = t.testdir({ bin: {} })
    // A recorded output of ps.
    writeFileSync(
      `${dir}/bin/ps`,
      `#!/bin/sh
cat <<'PS'
  101 /usr/bin/qemu-system-x86_64 -name node1 -pidfile /srv/labs/vm/nodes/node1/pid -daemonize
  102 qemu-system-x86_64 -name node11 -pidfile /srv/labs/vm/nodes/node11/pid -daemonize
  103 qemu-system-x86_64 -name node1 -pidfile /srv/labs/vm2/nodes/node1/pid -daemonize
  104 vim /srv/labs/vm/nodes/node1/pid -pidfile /srv/labs/vm/nodes/node1/pid
PS
`,
      { mode: 0o755 },
    )
    const ask = (line: string): string =>
      runIn(shell, `PATH=${dir}/bin:$PATH\n${processFunctions}${line}`).stdout.trim()
    t.equal(ask('lab_vms /srv/labs/vm'), '101 node1\n102 node11')
    t.equal(ask('lab_vm_pid /srv/labs/vm node1'), '101')
    t.equal(ask('lab_vm_pid /srv/labs/vm node2'), '')
  })
}

t.test('the settings of a machine are appended to the initrd as a second archive', async (t) => {
  const dir = t.testdir({
    'id_ed25519.pub': 'ssh-ed25519 AAAAlab labbook\n',
    images: { current: { initrd: 'first', 'disk.raw': '' } },
  })
  mkdirSync(`${dir}/nodes/node1/ssh`, { recursive: true })
  const launch = planFor(lab_vm, { ...node1, dir, images: `${dir}/images`, wait: false }, '').changes[0]?.script ?? ''
  // Stop before the machine starts.
  const { exitCode, stderr } = runIn(
    shells[0],
    launch.replace(/printf '\\n=== [^]*$/, 'exit 0').replace(/qemu-img create [^&]*&& mv[^|]*/, 'true '),
  )
  t.equal(exitCode, 0, stderr)
  const archive = readFileSync(`${dir}/nodes/node1/initrd`)
  t.ok(archive.subarray(0, 11).toString().startsWith('first0707'), 'the initrd of the image comes first')
  const { stdout } = spawnSync(
    'cpio',
    ['-i', '--to-stdout', '--quiet', 'lab/lab-net', 'lab/hostname', 'lab/authorized_keys'],
    { input: archive.subarray(5), encoding: 'utf8' },
  )
  for (const line of ['node1', 'address=10.78.0.11 prefix=24', 'ssh-ed25519 AAAAlab labbook'])
    t.match(stdout, line, line)
  t.match(readFileSync(`${dir}/known_hosts`, 'utf8'), /^\[127\.0\.0\.1\]:22100 ssh-ed25519 \S+\n$/)
})
