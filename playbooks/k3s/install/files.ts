import { posix } from 'node:path'
import {
  assert,
  copy,
  file,
  get_url,
  play,
  secret,
  shell,
  template,
  type PlayContext,
  type Task,
} from '../../../src/labbook.ts'
import { connectionTarget } from '../../../src/connection/index.ts'
import {
  CONTAINERD_ADDITIONS,
  dropInOf,
  K3S_CONFIG_FOLDER,
  K3S_DATA,
  K3S_KEPT,
  KMSG,
  READ_AT_START,
  STARTED,
} from '../../../src/k3s/paths.ts'
import { upload } from '../../../src/transfer/upload.ts'
import type { Conditions } from '../../../src/modules/task.ts'
import { machineAccount } from '../../registry/accounts.ts'
import { accounts } from '../../registry/credentials.ts'
import { keepingOf, registryAddress } from '../../registry/address.ts'
import { nodeFor, ownLabels } from './cluster.ts'
import { fitting } from './preflight.ts'
import { sourceOf, type Piece } from './source.ts'

/** Where the binary and the installer are brought to. */
export const staged = (name: string): string => `${K3S_KEPT}/${name}`

const IMAGES = `${K3S_DATA}/agent/images`
const CA = `${K3S_CONFIG_FOLDER}/registry-ca.crt`
const CONTAINERD_PLUGINS = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime']

/**
 * All that k3s needs and that can be there before it runs. None of it restarts anything: that is decided later, one
 * node at a time.
 */
export const files = play(
  'k3s: files',
  { hosts: 'k3s_servers:k3s_agents', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => {
    const node = nodeFor(on)
    return [
      (
        [
          [K3S_KEPT, '0700'],
          [K3S_CONFIG_FOLDER, '0755'],
          [`${K3S_CONFIG_FOLDER}/config.yaml.d`, '0755'],
          [posix.dirname(dropInOf(node.role)), '0755'],
        ] as const
      ).map(([path, mode]) => file(`Folder ${path}`, { path, state: 'directory', mode })),
      standIn(),
      additions(),
      template('What the node says of itself', {
        src: 'k3s-install/registration.yaml',
        dest: `${K3S_CONFIG_FOLDER}/config.yaml.d/registration.yaml`,
        mode: '0644',
        vars: { labels: ownLabels(node), taints: node.taints },
      }),
      registryFiles(on),
      template('Addition to the unit', {
        src: 'k3s-install/unit.conf',
        dest: dropInOf(node.role),
        mode: '0644',
        vars: { files: READ_AT_START, started: STARTED },
      }),
      program(on),
    ]
  },
)

/** Without the kernel's messages the kubelet does not start. */
const standIn = (): Task[] => {
  const when = ({ value }: Conditions): boolean => value(fitting()).standInForKmsg
  return [
    copy('Stand-in for /dev/kmsg', {
      content: '# The kubelet reads /dev/kmsg, which this machine does not have.\nL /dev/kmsg - - - - null\n',
      dest: KMSG,
      mode: '0644',
      when,
    }),
    shell('Make it', { cmd: `systemd-tmpfiles --create ${KMSG}`, creates: '/dev/kmsg', when }),
  ]
}

/** containerd's configuration has two forms: k3s reads the addition to the one it has. */
const additions = (): Task[] =>
  CONTAINERD_ADDITIONS.flatMap((dest, i) => {
    const when = ({ value }: Conditions): boolean => value(fitting()).restrictOomScore
    return [
      file(`Folder ${posix.dirname(dest)}`, { path: posix.dirname(dest), state: 'directory', mode: '0755', when }),
      template(`Addition to containerd: ${posix.basename(posix.dirname(dest))}`, {
        src: 'k3s-install/containerd.toml',
        dest,
        mode: '0644',
        vars: { plugin: CONTAINERD_PLUGINS[i] },
        when,
      }),
      file(`No addition to containerd: ${posix.basename(posix.dirname(dest))}`, {
        path: dest,
        state: 'absent',
        when: (on) => !when(on),
      }),
    ]
  })

/** Our registry, with our CA and the account of machines. Without a registry in the inventory, none is known. */
function registryFiles(on: PlayContext): Task[] {
  const dest = `${K3S_CONFIG_FOLDER}/registries.yaml`
  if ((on.groups.registry ?? []).length === 0) return [file('No registry', { path: dest, state: 'absent' })]
  const { name, password } = machineAccount(on)
  return [
    copy('CA of the registry', { src: `${keepingOf(on).pki}/ca-bundle.crt`, dest: CA, mode: '0644' }),
    template('Account for the registry', {
      src: 'k3s-install/registries.yaml',
      dest,
      mode: '0600',
      // Known once the accounts are made.
      vars: {
        address: registryAddress(on),
        ca_file: CA,
        username: name,
        password: password ?? accounts.on('localhost').map(() => machineAccount(on).password ?? secret('')),
      },
    }),
  ]
}

/** The binary, the installer and the images. */
function program(on: PlayContext): Task[] {
  const source = sourceOf(on)
  switch (source.kind) {
    case 'none':
      return [assert('Files to install k3s from', { that: false, fail_msg: source.problem })]
    case 'release':
      return [
        get_url(`Fetch k3s ${source.version}`, {
          url: source.binary.from,
          dest: staged('k3s'),
          checksum: `sha256:${source.binary.sha256}`,
          mode: '0755',
        }),
        get_url('Fetch its installer', {
          url: source.installer.from,
          dest: staged('install.sh'),
          checksum: `sha256:${source.installer.sha256}`,
          mode: '0755',
        }),
      ]
    case 'artifacts':
      return [
        bring(on, source.binary, staged('k3s')),
        file('The binary can be run', { path: staged('k3s'), state: 'file', mode: '0755' }),
        bring(on, source.installer, staged('install.sh')),
        ...source.images.map((piece) => bring(on, piece, `${IMAGES}/${piece.name}`)),
      ]
  }
}

const bring = (on: PlayContext, { from, name, sha256 }: Piece, dest: string): Task =>
  upload(`Bring ${name}`, {
    target: connectionTarget(on.host, on.vars),
    src: from,
    dest,
    sha256,
    hint: 'docs/k3s.md says which files are needed',
    delegate_to: 'localhost',
    become: false,
  })
