import t from 'tap'
import { parseFacts } from '../../../../src/modules/support/facts.ts'

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
    'QEMU with software emulation is qemu',
  )
  t.match(
    parseFacts('uname 6.1.0 aarch64\nproduct QEMU Virtual Machine\nvm qemu'),
    { virtualization_type: 'kvm' },
    'QEMU on ARM is kvm, since its product name does not tell the accelerator',
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
