import { posix } from 'node:path'
import {
  assert,
  type Conditions,
  connectionSettings,
  copy,
  file,
  get_url,
  play,
  type PlayContext,
  secret,
  shell,
  type Task,
  template,
} from 'labbook'
import {
  CONTAINERD_ADDITIONS,
  dropInOf,
  K3S_CONFIG_DIR,
  K3S_DATA,
  K3S_STATE_DIR,
  KMSG_TMPFILE,
  READ_AT_START,
  START_CHECKSUMS,
} from 'labbook/k3s'
import { upload } from 'labbook/transfer'
import { machineAccount } from '../../registry/accounts.ts'
import { accounts } from '../../registry/credentials.ts'
import { registryFiles, registryAddress } from '../../registry/address.ts'
import { nodeFor, kubeletLabels } from './cluster.ts'
import { hostSettings } from './preflight.ts'
import { k3sSource, type PinnedFile } from './source.ts'
import { templateFile } from '../../template-file.ts'

/** Path of the binary and the installer on the host. */
export const stagedPath = (name: string): string => `${K3S_STATE_DIR}/${name}`

const IMAGES = `${K3S_DATA}/agent/images`
const CA = `${K3S_CONFIG_DIR}/registry-ca.crt`
const CONTAINERD_PLUGINS = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime']

/**
 * Installs all files that k3s needs before it starts. Restarts nothing: nodes are restarted later, one at a time.
 */
export const files = play(
  'Install k3s files',
  { hosts: 'k3s_servers:k3s_agents', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => {
    const node = nodeFor(on)
    return [
      (
        [
          [K3S_STATE_DIR, '0700'],
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
      installFiles(on),
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

/** Copies the binary, the installer and the images. */
function installFiles(on: PlayContext): Task[] {
  const source = k3sSource(on)
  switch (source.kind) {
    case 'none':
      return [assert('Check k3s source', { that: false, fail_msg: source.problem })]
    case 'release':
      return [
        get_url(`Download k3s ${source.version}`, {
          url: source.binary.from,
          dest: stagedPath('k3s'),
          checksum: `sha256:${source.binary.sha256}`,
          mode: '0755',
        }),
        get_url('Download k3s installer', {
          url: source.installer.from,
          dest: stagedPath('install.sh'),
          checksum: `sha256:${source.installer.sha256}`,
          mode: '0755',
        }),
      ]
    case 'artifacts':
      return [
        copyFile(on, source.binary, stagedPath('k3s')),
        file('Make k3s binary executable', { path: stagedPath('k3s'), state: 'file', mode: '0755' }),
        copyFile(on, source.installer, stagedPath('install.sh')),
        ...source.images.map((image) => copyFile(on, image, `${IMAGES}/${image.name}`)),
      ]
  }
}

const copyFile = (on: PlayContext, { from, name, sha256 }: PinnedFile, dest: string): Task =>
  upload(`Copy ${name}`, {
    target: connectionSettings(on.host, on.vars),
    src: from,
    dest,
    sha256,
    hint: 'docs/k3s.md lists the files',
    delegate_to: 'localhost',
    become: false,
  })
