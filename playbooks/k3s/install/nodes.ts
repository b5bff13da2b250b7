import {
  assert,
  type CommandValues,
  copy,
  play,
  type PlayContext,
  register,
  secret,
  shell,
  slurp,
  type Task,
  template,
} from 'labbook'
import { k3s, K3S_CONFIG_DIR, k3s_node } from 'labbook/k3s'
import { k3sVars } from '../vars.ts'
import { API_PORT, plannedCluster, nodeFor } from './cluster.ts'
import { CLUSTER_TOKEN, clusterToken, TOKEN } from './existing-cluster.ts'
import { extraConfig } from './extra-config.ts'
import { hostSettings } from './preflight.ts'
import { RESET } from './reset-command.ts'
import { k3sSource } from './source.ts'
import { stagedPath, versionToInstall } from './stage.ts'
import { templateFile } from '../../template-file.ts'

/** Join token of the first server, with the checksum of its CA, by which other nodes verify the server. */
const joinToken = register<{ content: string; sha256: string }>('k3s_token')
const before = register<CommandValues>('k3s_node_before')

/** The first server starts the cluster. */
export const firstServer = play(
  'Install first k3s server',
  { hosts: 'k3s_servers[0]', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => [...clusterToken(on), ...installNode(on)],
)

/** A recreated host has lost its node password and would be rejected: deletes the old node. */
const deleteStaleNode = (on: PlayContext): Task[] => [
  shell('Check for node password', {
    cmd: '[ -s /etc/rancher/node/password ] && echo yes || echo no',
    read_only: true,
    register: before,
  }),
  k3s_node('Delete stale node', {
    name: nodeFor(on).name,
    state: 'absent',
    delegate_to: plannedCluster(on).first.host,
    when: ({ value }) => value(before).stdout === 'no',
  }),
]

const joinCluster = (on: PlayContext): Task[] => [
  ...deleteStaleNode(on),
  slurp('Read join token', {
    src: CLUSTER_TOKEN,
    no_log: true,
    register: joinToken,
    delegate_to: plannedCluster(on).first.host,
  }),
  copy('Copy join token', {
    content: joinToken.map(({ content }) => secret(content.trim())),
    dest: TOKEN,
    mode: '0600',
  }),
  ...installNode(on),
]

/** The other servers, one at a time: each is Ready before the next starts. */
export const otherServers = play(
  'Install other k3s servers',
  {
    hosts: 'k3s_servers:!k3s_servers[0]',
    become: true,
    gather_facts: true,
    serial: 1,
    any_errors_fatal: true,
    tags: 'k3s',
  },
  joinCluster,
)
export const agents = play(
  'Install k3s agents',
  { hosts: 'k3s_agents', become: true, gather_facts: true, serial: 1, any_errors_fatal: true, tags: 'k3s' },
  joinCluster,
)

/** Configures and installs k3s. */
function installNode(on: PlayContext): Task[] {
  const source = k3sSource(on)
  if (source.kind === 'none') return [assert('Check k3s source', { that: false, fail_msg: source.problem })]
  const node = nodeFor(on)
  const { servers, first, api } = plannedCluster(on)
  const version = versionToInstall(source)
  return [
    template('Configure k3s', {
      src: templateFile('k3s-install/config.yaml'),
      dest: `${K3S_CONFIG_DIR}/config.yaml`,
      mode: '0600',
      vars: {
        node: { name: node.name, role: node.role, ip: node.ip ?? '' },
        token_file: TOKEN,
        join: node.host === first.host ? '' : `https://${api}:${API_PORT}`,
        cluster_init: node.host === first.host && servers.length > 1,
        names: [...new Set([api, ...servers.flatMap(({ address, name, host }) => [address, name, host])])],
        disable: k3sVars.read(on.vars).k3s_disable,
        fitting: hostSettings(version),
        ...extraConfig(k3sVars.read(on.vars).k3s_config),
      },
    }),
    k3s(`Install k3s ${node.role}`, {
      role: node.role,
      node_name: node.name,
      version,
      binary: stagedPath('k3s'),
      binary_sha256: source.binary.sha256,
      installer: stagedPath('install.sh'),
      installer_sha256: source.installer.sha256,
      ready_seconds: k3sVars.read(on.vars).k3s_ready_seconds,
      reset_command: RESET,
    }),
  ]
}

/** Sets labels and taints from the inventory. */
export const labelNodes = play(
  'Set node labels and taints',
  { hosts: 'k3s_servers[0]', become: true, tags: 'k3s' },
  (on) =>
    plannedCluster(on).nodes.map(({ name, labels: nodeLabels, taints }) =>
      k3s_node(`Set labels and taints of ${name}`, { name, labels: nodeLabels, taints }),
    ),
)
