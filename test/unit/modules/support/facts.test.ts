import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { assert } from '../../../../src/modules/core/assert.ts'
import { debug } from '../../../../src/modules/core/debug.ts'
import { fail } from '../../../../src/modules/core/fail.ts'
import { setup } from '../../../../src/modules/core/setup.ts'
import { slurp } from '../../../../src/modules/core/slurp.ts'
import { stat } from '../../../../src/modules/core/stat.ts'
import { parseFacts } from '../../../../src/modules/support/facts.ts'
import { converge, shells } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'

const sum = (text: string): string => createHash('sha256').update(text).digest('hex')

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
    t.equal(look({ path, get_checksum: false })?.checksum, undefined)
    t.match(look({ path: folder }), { isdir: true, isreg: false, mode: '0700' })
    const link = join(folder, 'link')
    symlinkSync('nowhere\n\n', link)
    t.match(look({ path: link }), { exists: true, islnk: true, lnk_target: 'nowhere\n\n' })
    t.match(look({ path: link, follow: true }), { islnk: true })
    const good = join(folder, 'good')
    symlinkSync(path, good)
    t.match(look({ path: good, follow: true }), { islnk: false, isreg: true, size: 4 })
  })
})

t.test('slurp returns a text file exactly', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const look = (src: string) => converge(shell, slurp, { src }).before
    const src = join(folder, 'a')
    for (const text of ['', '\n', 'é\r\n\n', '@there\nabsent\n']) {
      writeFileSync(src, text)
      t.same(look(src).values, { content: text, sha256: sum(text) })
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

t.test('debug shows a value and changes nothing', async (t) => {
  for (const shell of shells)
    t.same(converge(shell, debug, { msg: { a: [1] } }).after, { changes: [], values: { msg: { a: [1] } } })
})

t.test('assert fails if a condition is false', async (t) => {
  const { definition } = assert
  const plan = (params: object) =>
    definition.plan(definition.schema.parse(params), { stdout: '', stderr: '', exitCode: 0 }, {}, {})
  t.same(plan({ that: [true, true] }), { changes: [], values: { msg: 'All assertions passed' } })
  t.equal(plan({ that: false }).problem, 'Assertion failed')
  t.equal(plan({ that: [true, false], fail_msg: 'too few nodes' }).problem, 'too few nodes (condition 2 of 2)')
})

t.test('fail fails', async (t) => {
  for (const shell of shells)
    t.equal(converge(shell, fail, { msg: 'not on this machine' }).before.problem, 'not on this machine')
})

t.test('setup gathers facts in each shell', async (t) => {
  for (const shell of shells) {
    const facts = converge(shell, setup, {}).before.values
    t.ok((facts?.processor_vcpus ?? 0) > 0, shell.name)
    t.ok((facts?.memtotal_mb ?? 0) > 0)
    t.match(facts?.boot_id, /^[0-9a-f-]{36}$/)
    t.match(facts?.kernel, /^\d+\.\d+/)
    t.ok(facts?.distribution)
    t.same(facts, { ...converge(shells[0], setup, {}).before.values, memavailable_mb: facts?.memavailable_mb })
  }
})

t.test('facts are parsed from recorded output', async (t) => {
  const facts = parseFacts(
    [
      'os_id ubuntu',
      'os_like debian',
      'os_version 24.04',
      'os_codename noble',
      'uname 6.8.0-31-generic aarch64',
      'id 1000 ann',
      'hostname node1.example',
      'init systemd',
      'systemd yes',
      'product Standard PC (Q35 + ICH9, 2009)',
      'cpus 4',
      'MemTotal: 2097152',
      'route 8.8.8.8 via 10.0.0.1 dev eth0 src 10.0.0.11 uid 0 ',
      'ipvs yes',
      'cgroup 2',
      'command curl',
      'command python3',
      'packager apt-get',
    ].join('\n'),
  )
  t.match(facts, {
    distribution: 'Ubuntu',
    distribution_release: 'noble',
    distribution_version: '24.04',
    distribution_major_version: '24',
    os_family: 'Debian',
    kernel: '6.8.0-31-generic',
    architecture: 'aarch64',
    user_id: 'ann',
    user_uid: 1000,
    hostname: 'node1',
    service_mgr: 'systemd',
    virtualization_type: 'kvm',
    processor_vcpus: 4,
    memtotal_mb: 2048,
    ipvs: true,
    cgroup_version: 2,
    commands: ['curl', 'python3'],
    pkg_mgr: 'apt',
    default_ipv4: { address: '10.0.0.11', interface: 'eth0', gateway: '10.0.0.1' },
  })
  t.match(parseFacts('product Standard PC (Q35 + ICH9, 2009)\nvm kvm'), { virtualization_type: 'kvm' })
  t.match(
    parseFacts('uname 6.1.0 x86_64\nproduct Standard PC (Q35 + ICH9, 2009)\nvm qemu'),
    { virtualization_type: 'qemu' },
    'in software emulation',
  )
  t.match(
    parseFacts('uname 6.1.0 aarch64\nproduct QEMU Virtual Machine\nvm qemu'),
    { virtualization_type: 'kvm' },
    'there it says nothing of how it runs',
  )
  const bare = parseFacts(
    'os_id alpine\ninit init\naddress 2: eth0    inet 10.0.0.12/24 brd 10.0.0.255 scope global eth0',
  )
  t.match(bare, {
    os_family: 'Alpine',
    service_mgr: 'init',
    ipvs: false,
    cgroup_version: 1,
    commands: [],
    virtualization_type: '',
  })
  t.same(bare.default_ipv4, { address: '10.0.0.12', interface: 'eth0', gateway: '' })
})
