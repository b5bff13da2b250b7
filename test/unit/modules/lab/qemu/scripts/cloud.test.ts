import { readFileSync } from 'node:fs'
import t from 'tap'
import { cloudSeed } from '../../../../../../src/modules/lab/qemu/scripts/cloud.ts'
import { macOf, settingVariables } from '../../../../../../src/modules/lab/qemu/scripts/vm.ts'
import { vmSettings } from '../../../../../../src/modules/lab/qemu/vm.ts'
import { runIn, shells } from '../../../../../support/shells.ts'
import { node1 } from '../machine.ts'

t.test('cloud-init data is YAML with the key, the user and the addresses', async (t) => {
  const dir = t.testdir({
    id_ed25519: '',
    'id_ed25519.pub': 'ssh-ed25519 AAAAlab labbook\n',
    nodes: {
      node1: {
        'machine-id': '0123',
        ssh: {
          ssh_host_ed25519_key: 'line one\nline two\n',
          'ssh_host_ed25519_key.pub': 'ssh-ed25519 AAAAhost node1\n',
        },
      },
    },
  })
  const vm = { ...vmSettings(node1), dir, cloudImage: '/srv/a.qcow2' }
  const { exitCode, stderr } = runIn(shells[0], `${settingVariables(vm)}${cloudSeed}lab_cloud_seed`)
  t.equal(exitCode, 0, stderr)
  const { parse } = await import('yaml')
  const read = (file: string): unknown => parse(readFileSync(`${dir}/nodes/node1/seed/${file}`, 'utf8'))
  t.match(read('meta-data'), { 'local-hostname': 'node1' })
  t.match(read('user-data'), {
    users: [{ name: 'ops', ssh_authorized_keys: ['ssh-ed25519 AAAAlab labbook'] }],
    ssh_keys: { ed25519_private: 'line one\nline two\n', ed25519_public: 'ssh-ed25519 AAAAhost node1' },
    write_files: [
      {
        path: '/etc/hosts',
        content: /^127\.0\.0\.1 localhost # lab\n10\.78\.0\.11 node1 # lab\n10\.78\.0\.12 node2 # lab\n$/,
      },
    ],
  })
  t.match(read('network-config'), {
    ethernets: { eth1: { match: { macaddress: macOf('lbtest', 'node1', 1) }, addresses: ['10.78.0.11/24'] } },
  })
})
