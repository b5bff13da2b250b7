import { HOST_DIRECTORIES } from '../../values/directories.ts'

/** Paths of k3s on a machine. */
export const K3S_BINARY = '/usr/local/bin/k3s'
export const K3S_CONFIG_DIR = '/etc/rancher/k3s'
/** The server's own kubeconfig: cluster-admin. */
export const K3S_KUBECONFIG = `${K3S_CONFIG_DIR}/k3s.yaml`
export const K3S_DATA = '/var/lib/rancher/k3s'
/** Labbook's state of k3s: artifacts to install, and the record of the installation. */
export const K3S_STATE_DIR = `${HOST_DIRECTORIES.state}/k3s`
/** Written at each start of k3s: checksums of the files it read. */
export const START_CHECKSUMS = '/run/labbook-k3s.started'
/** Creates `/dev/kmsg` on a machine that lacks it. */
export const KMSG_TMPFILE = '/etc/tmpfiles.d/labbook-k3s.conf'

/** Directory of containerd's configuration, which k3s generates at each start. */
export const CONTAINERD_DIR = `${K3S_DATA}/agent/etc/containerd`
const CONTAINERD_VERSIONS = ['config.toml', 'config-v3.toml']
/** Drop-ins for both versions of containerd's configuration: containerd reads that of its version. */
export const CONTAINERD_ADDITIONS = CONTAINERD_VERSIONS.map((name) => `${CONTAINERD_DIR}/${name}.d/labbook.toml`)
/** Templates from which k3s generates the configuration; without one, it uses its own. */
const CONTAINERD_TEMPLATES = CONTAINERD_VERSIONS.map((name) => `${CONTAINERD_DIR}/${name}.tmpl`)

/** Files that k3s reads only at start. */
export const READ_AT_START = [
  K3S_BINARY,
  ...['config.yaml', 'registries.yaml', 'registry-ca.crt', 'token'].map((file) => `${K3S_CONFIG_DIR}/${file}`),
  ...CONTAINERD_ADDITIONS,
  ...CONTAINERD_TEMPLATES,
]

export type Role = 'server' | 'agent'

export const unitOf = (role: Role): string => (role === 'server' ? 'k3s' : 'k3s-agent')
export const unitFileOf = (role: Role): string => `/etc/systemd/system/${unitOf(role)}.service`
/** A drop-in, since the installer overwrites the unit. */
export const dropInOf = (role: Role): string => `${unitFileOf(role)}.d/labbook.conf`
