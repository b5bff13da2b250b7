import { PlaybookError } from 'labbook'

/** Configuration keys with a variable of their own; `k3s_config` is for all others. */
const VARIABLE_OF: Readonly<Record<string, string>> = {
  'node-name': 'k3s_node_name',
  'node-ip': 'k3s_node_ip',
  'token-file': 'k3s_token',
  token: 'k3s_token',
  server: 'k3s_api_address',
  'cluster-init': 'the group k3s_servers',
  'tls-san': 'k3s_api_address',
  disable: 'k3s_disable',
  'node-label': 'k3s_labels',
  'node-taint': 'k3s_taints',
  'write-kubeconfig-mode': 'Labbook: it is always 0600',
}

/** @throws {PlaybookError} if it sets a key that has its own variable. */
export function extraConfig(config: Readonly<Record<string, unknown>>): {
  readonly kubelet_args: string[]
  readonly kube_proxy_args: string[]
  readonly more: Readonly<Record<string, unknown>>
} {
  const { 'kubelet-arg': kubelet, 'kube-proxy-arg': proxy, ...more } = config
  const reserved = Object.keys(more).find((key) => Object.hasOwn(VARIABLE_OF, key))
  if (reserved !== undefined) throw new PlaybookError(`k3s_config: "${reserved}" is set by ${VARIABLE_OF[reserved]}`)
  const list = (one: unknown): string[] => (one === undefined ? [] : [one].flat().map(String))
  return { kubelet_args: list(kubelet), kube_proxy_args: list(proxy), more }
}
