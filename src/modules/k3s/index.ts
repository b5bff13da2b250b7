/** Modules of k3s, and what playbooks need to know of an installed k3s: `import { k3s } from 'labbook/k3s'`. */
export { k3s, type K3s } from './k3s.ts'
export { defaultKubeconfig, kubeconfig, renameContext } from './kubeconfig.ts'
export { k3s_node, labelError, taintError } from './node.ts'
export {
  CONTAINERD_ADDITIONS,
  dropInOf,
  K3S_BINARY,
  K3S_CONFIG_DIR,
  K3S_DATA,
  K3S_KUBECONFIG,
  K3S_STATE_DIR,
  KMSG_TMPFILE,
  READ_AT_START,
  START_CHECKSUMS,
  type Role,
} from './paths.ts'
export { parseVersion, upgradeError } from './version.ts'
