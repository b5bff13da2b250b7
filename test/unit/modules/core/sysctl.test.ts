import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Observed } from '../../../../src/modules/script-output.ts'
import { sysctl } from '../../../../src/modules/core/sysctl.ts'
import { converge } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

const seen = (stdout: string): Observed => ({ stdout, stderr: '', exitCode: 0 })

const there = (text: string, ...words: string[]): Observed =>
  seen(`there\n81a4\n0\n0\n${text.length}\n0\nroot\nroot\n${words.join('\n')}\ncontent\n${text}`)

const plan = (params: Parameters<typeof sysctl.definition.schema.parse>[0], observed: Observed) =>
  sysctl.definition.plan(sysctl.definition.schema.parse(params), observed, {}, {})

t.test('sysctl writes the parameter to the file and sets it', async (t) => {
  const params = { name: 'net.ipv4.ip_forward', value: 1 }
  t.same(descriptions(plan(params, there('# x\nnet.ipv4.ip_forward=1\n', 'live=1'))), [])
  t.same(descriptions(plan(params, there('#net.ipv4.ip_forward=1\n', 'live=1'))), [
    'set net.ipv4.ip_forward = 1 in /etc/sysctl.conf',
  ])
  t.same(descriptions(plan(params, there('net.ipv4.ip_forward = 1\n', 'live=0'))), [
    'set net.ipv4.ip_forward to 1 (was 0)',
  ])
  t.same(descriptions(plan({ ...params, reload: false }, there('net.ipv4.ip_forward = 1\n', 'live=0'))), [])
  const both = plan({ ...params, sysctl_file: '/etc/sysctl.d/k.conf' }, seen('absent\nlive=0'))
  t.same(descriptions(both), [
    'set net.ipv4.ip_forward = 1 in /etc/sysctl.d/k.conf',
    'set net.ipv4.ip_forward to 1 (was 0)',
  ])
  t.same(both.changes[0]?.diff, { subject: '/etc/sysctl.d/k.conf', before: '', after: 'net.ipv4.ip_forward = 1\n' })
  t.equal(
    both.changes[1]?.script,
    "printf '%s\\n' 1 >/proc/sys/net/ipv4/ip_forward || { echo 'the kernel rejected the value' >&2; exit 1; }",
  )
})

t.test('sysctl uses the last of several lines, and treats spaces as tabs', async (t) => {
  const wide = { name: 'net.ipv4.tcp_rmem', value: '4096 131072 6291456' }
  t.same(
    descriptions(plan(wide, there('net.ipv4.tcp_rmem = 4096  131072 6291456\n', 'live=4096\t131072\t6291456'))),
    [],
  )
  t.equal(
    plan({ name: 'vm.swappiness', value: 10 }, there('vm.swappiness=10\nvm.swappiness=60\n', 'live=10')).changes[0]
      ?.diff?.after,
    'vm.swappiness=10\nvm.swappiness = 10\n',
  )
  t.equal(
    plan({ name: 'vm.swappiness', state: 'absent' }, there('a.b=1\nvm.swappiness=60\n', 'live=60')).changes[0]?.diff
      ?.after,
    'a.b=1\n',
  )
})

t.test('sysctl compares values as the kernel reads them', async (t) => {
  const rows: readonly [value: string | number | boolean, live: string, written: string, change: string | undefined][] =
    [
      ['0x2000', '8192', '0x2000', undefined],
      ['0X1f', '31', '0X1f', undefined],
      ['010000', '4096', '010000', undefined],
      ['08', '8', '08', 'set kernel.msgmax to 08 (was 8)'],
      ['0x2000', '8193', '0x2000', 'set kernel.msgmax to 0x2000 (was 8193)'],
      ['4096 0x10 010', '4096\t16\t8', '4096 0x10 010', undefined],
      ['yes', '1', '1', undefined],
      ['Off', '0', '0', undefined],
      [true, '1', '1', undefined],
      ['t', '0', '1', 'set kernel.msgmax to 1 (was 0)'],
      ['yesterday', 'yesterday', 'yesterday', undefined],
      ['a0x10', 'a16', 'a0x10', 'set kernel.msgmax to a0x10 (was a16)'],
    ]
  for (const [value, live, written, change] of rows)
    t.same(
      descriptions(plan({ name: 'kernel.msgmax', value }, there(`kernel.msgmax = ${written}\n`, `live=${live}`))),
      change === undefined ? [] : [change],
      `${value} with ${live}`,
    )
})

t.test('sysctl reports a parameter that the user of the task cannot write', async (t) => {
  const params = { name: 'vm.swappiness', value: 10 }
  t.match(plan(params, there('vm.swappiness=10\n', 'live=60', 'no-write')).problem, 'become: true')
  t.same(descriptions(plan(params, there('vm.swappiness=10\n', 'live=10', 'no-write'))), [])
})

t.test('sysctl reports a parameter that the kernel lacks', async (t) => {
  const params = { name: 'net.bridge.bridge-nf-call-iptables', value: true }
  t.match(plan(params, there('', 'no-key')).problem, 'the kernel has no parameter net.bridge.bridge-nf-call-iptables')
  t.same(descriptions(plan({ ...params, ignoreerrors: true }, there('', 'no-key'))), [
    'set net.bridge.bridge-nf-call-iptables = 1 in /etc/sysctl.conf',
  ])
  t.notOk(sysctl.definition.schema.safeParse({ name: '../../etc/passwd', value: 1 }).success)
  t.notOk(sysctl.definition.schema.safeParse({ name: 'a/../../b', value: 1 }).success)
})

t.test('sysctl writes a parameter to a file in each shell', async (t) => {
  const value = readFileSync('/proc/sys/vm/swappiness', 'utf8').trim()
  inEachShell(t, (t, shell, folder) => {
    const sysctl_file = join(folder, 'x.conf')
    writeFileSync(sysctl_file, 'vm.swappiness = 1\n', { mode: 0o640 })
    const run = converge(shell, sysctl, { name: 'vm.swappiness', value, sysctl_file })
    t.same(descriptions(run.before), [`set vm.swappiness = ${value} in ${sysctl_file}`])
    t.same(run.after, { changes: [], values: { name: 'vm.swappiness', value }, confidential: true })
    t.equal(readFileSync(sysctl_file, 'utf8'), `vm.swappiness = ${value}\n`)
    t.match(
      converge(shell, sysctl, { name: 'vm.no_such', value: 1, sysctl_file }).before.problem,
      'the kernel has no parameter vm.no_such',
    )
  })
})

t.test('the probe of a sysctl name with slashes reads the setting of an interface with a dot', async (t) => {
  const probe = sysctl.definition.probe(
    sysctl.definition.schema.parse({ name: 'net/ipv4/conf/eth0.1/forwarding', value: 1 }),
    {},
  )
  t.match(probe, '/proc/sys/net/ipv4/conf/eth0.1/forwarding')
})
