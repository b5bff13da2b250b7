import { posix } from 'node:path'
import { type Conditions, copy, file, play, type PlayContext, secret, shell, type Task, template } from 'labbook'
import {
  CONTAINERD_ADDITIONS,
  dropInOf,
  K3S_CONFIG_DIR,
  KMSG_TMPFILE,
  READ_AT_START,
  START_CHECKSUMS,
} from 'labbook/k3s'
import { machineAccount } from '../../registry/accounts.ts'
import { accounts } from '../../registry/credentials.ts'
import { registryFiles, registryAddress } from '../../registry/address.ts'
import { nodeFor, kubeletLabels } from './cluster.ts'
import { readClusterState } from './existing-cluster.ts'
import { hostSettings } from './preflight.ts'
import { stageFiles } from './stage.ts'
import { templateFile } from '../../template-file.ts'

const CA = `${K3S_CONFIG_DIR}/registry-ca.crt`
const CONTAINERD_PLUGINS = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime']

/**
 * Copies all files that k3s needs before it starts, and checks what is there. Restarts nothing: nodes are restarted
 * later, one at a time.
 */
export const files = play(
  'Install k3s files',
  { hosts: 'k3s_servers:k3s_agents', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => {
    const node = nodeFor(on)
    return [
      // Checked before the configuration is written, which an installed version would read on restart.
      stageFiles(on),
      readClusterState(on),
      (
        [
          [K3S_CONFIG_DIR, '0755'],
          [`${K3S_CONFIG_DIR}/config.yaml.d`, '0755'],
          [posix.dirname(dropInOf(node.role)), '0755'],
        ] as const
      ).map(([path, mode]) => file(`Create ${path}`, { path, state: 'directory', mode })),
      kmsgSubstitute(),
      containerdDropIns(),
      template('Configure node labels and taints', {
        src: templateFile('k3s-install/registration.yaml'),
        dest: `${K3S_CONFIG_DIR}/config.yaml.d/registration.yaml`,
        mode: '0644',
        vars: { labels: kubeletLabels(node), taints: node.taints },
      }),
      registryAccess(on),
      template('Install systemd drop-in', {
        src: templateFile('k3s-install/unit.conf'),
        dest: dropInOf(node.role),
        mode: '0644',
        vars: { files: READ_AT_START, started: START_CHECKSUMS },
      }),
    ]
  },
)

/** The kubelet does not start without /dev/kmsg. */
const kmsgSubstitute = (): Task[] => {
  const when = ({ value }: Conditions): boolean => value(hostSettings()).standInForKmsg
  return [
    copy('Configure substitute for /dev/kmsg', {
      content: '# The kubelet reads /dev/kmsg, which this machine does not have.\nL /dev/kmsg - - - - null\n',
      dest: KMSG_TMPFILE,
      mode: '0644',
      when,
    }),
    shell('Create substitute for /dev/kmsg', {
      cmd: `systemd-tmpfiles --create ${KMSG_TMPFILE}`,
      creates: '/dev/kmsg',
      when,
    }),
  ]
}

/** A drop-in for each version of containerd's configuration; k3s reads the one that matches. */
const containerdDropIns = (): Task[] =>
  CONTAINERD_ADDITIONS.flatMap((dest, i) => {
    const when = ({ value }: Conditions): boolean => value(hostSettings()).restrictOomScore
    return [
      file(`Create ${posix.dirname(dest)}`, { path: posix.dirname(dest), state: 'directory', mode: '0755', when }),
      template(`Install containerd drop-in: ${posix.basename(posix.dirname(dest))}`, {
        src: templateFile('k3s-install/containerd.toml'),
        dest,
        mode: '0644',
        vars: { plugin: CONTAINERD_PLUGINS[i] },
        when,
      }),
      file(`Remove containerd drop-in: ${posix.basename(posix.dirname(dest))}`, {
        path: dest,
        state: 'absent',
        when: (on) => !when(on),
      }),
    ]
  })

/** Configures access to the registry of the inventory, if there is one. */
function registryAccess(on: PlayContext): Task[] {
  const dest = `${K3S_CONFIG_DIR}/registries.yaml`
  if ((on.groups.registry ?? []).length === 0)
    return [file('Remove registry configuration', { path: dest, state: 'absent' })]
  const { name, password } = machineAccount(on)
  return [
    copy('Copy registry CA certificate', { src: `${registryFiles(on).pki}/ca-bundle.crt`, dest: CA, mode: '0644' }),
    template('Configure registry access', {
      src: templateFile('k3s-install/registries.yaml'),
      dest,
      mode: '0600',
      // Set once the accounts exist.
      vars: {
        address: registryAddress(on),
        ca_file: CA,
        username: name,
        password: password ?? accounts.on('localhost').map(() => machineAccount(on).password ?? secret('')),
      },
    }),
  ]
}
