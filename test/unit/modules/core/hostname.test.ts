import { readFileSync } from 'node:fs'
import t from 'tap'
import { hostname } from '../../../../src/modules/core/hostname.ts'
import type { Observed } from '../../../../src/modules/script-output.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { descriptions } from '../each-shell.ts'

const seen = (stdout: string): Observed => ({ stdout, stderr: '', exitCode: 0 })

t.test('hostname sets the kernel value and the file independently', async (t) => {
  const plan = (live: string, kept: string) =>
    descriptions(hostname.definition.plan({ name: 'node1' }, seen(`${live}\n${kept}\n`), {}, {}))
  t.same(plan('node1', 'node1'), [])
  t.same(plan('debian', 'node1'), ['set the hostname to node1 (was debian)'])
  t.same(plan('node1', ''), ['set the hostname in /etc/hostname to node1'])
  t.same(plan('debian', 'debian'), [
    'set the hostname in /etc/hostname to node1 (was debian)',
    'set the hostname to node1 (was debian)',
  ])
  t.notOk(hostname.definition.schema.safeParse({ name: '-node' }).success)
  t.notOk(hostname.definition.schema.safeParse({ name: 'a\nb' }).success)
})

t.test('hostname is set as root only', async (t) => {
  const plan = (live: string, kept: string) =>
    hostname.definition.plan({ name: 'node1' }, seen(`${live}\n${kept}\nnot-writable\n`), {}, {})
  t.match(plan('debian', 'debian'), { changes: [], problem: 'the hostname can only be set as root (become: true)' })
  t.equal(plan('node1', 'node1').problem, undefined)
  t.equal(plan('node1', 'old').changes.length, 1, 'the file may be writable where the kernel is not, in a container')
})

for (const shell of shells) {
  t.test(`${shell.name}: the probe of hostname prints the kernel's value and the file`, async (t) => {
    const probe = runIn(shell, hostname.definition.probe({ name: 'x' }, {}))
    t.equal(probe.stdout.split('\n')[0], readFileSync('/proc/sys/kernel/hostname', 'utf8').trim())
    t.match(probe.stdout, /^[^\n]*\n[^\n]*\n(not-writable\n)?$/)
  })
}
