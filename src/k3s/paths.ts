/** Where k3s and Labbook keep what belongs to k3s on a machine. */
export const K3S_BINARY = '/usr/local/bin/k3s'
export const K3S_CONFIG_FOLDER = '/etc/rancher/k3s'
/** The server's own kubeconfig: cluster-admin. */
export const K3S_KUBECONFIG = `${K3S_CONFIG_FOLDER}/k3s.yaml`
export const K3S_DATA = '/var/lib/rancher/k3s'
/** What Labbook was given to install from, and what it installed. */
export const K3S_KEPT = '/var/lib/labbook/k3s'
/** Written at each start of k3s, whoever starts it: the checksums of what it read then. */
export const STARTED = '/run/labbook-k3s.started'
/** For the kernel's messages, on a machine that has no `/dev/kmsg`. */
export const KMSG = '/etc/tmpfiles.d/labbook-k3s.conf'

/** Additions to containerd's configuration, for its two versions of that: k3s reads the folder of the one it has. */
export const CONTAINERD_ADDITIONS = ['config.toml.d', 'config-v3.toml.d'].map(
  (folder) => `${K3S_DATA}/agent/etc/containerd/${folder}/labbook.toml`,
)

/** What k3s reads when it starts, and at no other time. */
export const READ_AT_START = [
  K3S_BINARY,
  ...['config.yaml', 'registries.yaml', 'registry-ca.crt', 'token'].map((file) => `${K3S_CONFIG_FOLDER}/${file}`),
  ...CONTAINERD_ADDITIONS,
]

export type Role = 'server' | 'agent'

export const unitOf = (role: Role): string => (role === 'server' ? 'k3s' : 'k3s-agent')
export const unitFileOf = (role: Role): string => `/etc/systemd/system/${unitOf(role)}.service`
/** Beside the unit, so that the installer, which writes the unit anew, leaves it alone. */
export const dropInOf = (role: Role): string => `${unitFileOf(role)}.d/labbook.conf`
