import { apt, command, play, playbook } from 'labbook'
import { lab_keys, lab_rootfs, labPackages } from 'labbook/lab'
import { credentials } from '../../../../playbooks/registry/credentials.ts'

export default playbook({
  name: 'controller',
  description: 'All that `npm start` does on this machine, but for the namespaces and the network of the nodes.',
  steps: [
    play('Controller', { hosts: 'localhost' }, () => [
      apt('Install lab packages', {
        name: [...labPackages],
        update_cache: true,
        cache_valid_time: 3600,
        install_recommends: false,
      }),
      lab_keys('Create SSH key', { dir: '/var/lib/labbook/lbmin' }),
      lab_rootfs('Build root file system', { path: '/var/lib/labbook/lbmin/rootfs' }),
      // Programs that modules and experiments call, beside Debian's essential ones.
      command('Find programs', {
        cmd: 'sh -c "for name in ip iptables nsenter unshare flock ssh-keygen openssl mkfs.ext4 losetup ps tar bash sha256sum; do command -v $name || exit; done"',
      }),
    ]),
    credentials,
  ],
})
