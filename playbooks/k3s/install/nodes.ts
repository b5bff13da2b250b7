import {
  assert,
  command,
  type CommandValues,
  copy,
  play,
  PlaybookError,
  type PlayContext,
  Reference,
  register,
  type Scope,
  secret,
  shell,
  slurp,
  type Task,
  template,
} from 'labbook'
import { k3s, K3S_BINARY, K3S_CONFIG_DIR, K3S_DATA, k3s_node, parseVersion, upgradeError } from 'labbook/k3s'
import { k3sVars } from '../vars.ts'
import { API_PORT, plannedCluster, nodeFor } from './cluster.ts'
import { stagedPath } from './files.ts'
import { hostSettings } from './preflight.ts'
import { k3sSource } from './source.ts'
import { templateFile } from '../../template-file.ts'

/** Removes k3s from all hosts. */
const RESET = 'npx zx playbooks/k3s.mjs reset'

const TOKEN = `${K3S_CONFIG_DIR}/token`

/** Join token of the first server, with the checksum of its CA, by which other nodes verify the server. */
const joinToken = register<{ content: string; sha256: string }>('k3s_token')
const binary = register<CommandValues>('k3s_binary')
const before = register<CommandValues>('k3s_node_before')
const installed = register<CommandValues>('k3s_installed')

const clusterData = register<CommandValues>('k3s_server_data')

/** Detects which servers already have cluster data. */
export const serverData = play(
  'Detect existing cluster data',
  { hosts: 'k3s_servers', become: true, any_errors_fatal: true, tags: 'k3s' },
  (on) =>
    plannedCluster(on).servers.length === 1
      ? []
      : [
          shell('Check for cluster data', {
            cmd: `[ -d ${K3S_DATA}/server/db ] && echo yes || echo no`,
            read_only: true,
            register: clusterData,
          }),
        ],
)

/** A recreated first server would start a second cluster, and the other servers would leave theirs. */
function assertNoSecondCluster(on: PlayContext): Task[] {
  const others = plannedCluster(on).servers.filter(({ host }) => host !== on.host)
  if (others.length === 0) return []
  const hasData = (host: string, scope: Scope): boolean =>
    scope.has(clusterData.key, host) && clusterData.on(host).read(scope).stdout === 'yes'
  const serversWithData = new Reference((scope) =>
    hasData(on.host, scope) ? [] : others.filter(({ host }) => hasData(host, scope)).map(({ name }) => name),
  )
  return [
    assert('Assert that no second cluster is created', {
      that: serversWithData.map((names) => names.length === 0),
      fail_msg: serversWithData.map(
        (names) =>
          `${on.host} has no cluster data, but ${names.join(', ')} ${names.length === 1 ? 'has' : 'have'}: as the first of k3s_servers it would start a second cluster. ` +
          'List a server with data first, or reset all servers ' +
          `(${RESET})`,
      ),
    }),
  ]
}

/** The first server starts the cluster. */
export const firstServer = play(
  'Install first k3s server',
  { hosts: 'k3s_servers[0]', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => {
    const { k3s_token } = k3sVars.read(on.vars)
    return [
      ...assertNoSecondCluster(on),
      k3s_token === undefined
        ? shell('Create cluster token', {
            cmd: `umask 077; head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n' >${TOKEN}.new && mv -f ${TOKEN}.new ${TOKEN}`,
            creates: TOKEN,
            no_log: true,
          })
        : copy('Copy cluster token', { content: secret(k3s_token), dest: TOKEN, mode: '0600' }),
      installNode(on),
    ]
  },
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
    src: `${K3S_DATA}/server/token`,
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

/** Checks the upgrade path before the configuration is written, which the installed version would read on restart. */
function checkUpgrade(version: Reference<string> | string): Task[] {
  const problem = new Reference((scope) => {
    const [from, to] = [
      parseVersion(installed.map(({ stdout }) => stdout).read(scope)),
      parseVersion(version instanceof Reference ? version.read(scope) : version),
    ]
    return from === undefined || to === undefined ? undefined : upgradeError(from, to, RESET)
  })
  return [
    shell('Read installed k3s version', {
      cmd: `[ ! -x ${K3S_BINARY} ] || ${K3S_BINARY} --version`,
      read_only: true,
      register: installed,
    }),
    assert('Check k3s upgrade path', {
      that: problem.map((why) => why === undefined),
      fail_msg: problem.map((why) => why ?? ''),
    }),
  ]
}

/** Configures and installs k3s. */
function installNode(on: PlayContext): Task[] {
  const source = k3sSource(on)
  if (source.kind === 'none') return [assert('Check k3s source', { that: false, fail_msg: source.problem })]
  const node = nodeFor(on)
  const { servers, first, api } = plannedCluster(on)
  // The version of a copied binary is read from the binary.
  const version: Reference<string> | string =
    source.kind === 'release' ? source.version : binary.map(({ stdout }) => versionIn(stdout, source.requestedVersion))
  return [
    ...(source.kind === 'artifacts'
      ? [
          command('Read version of k3s binary', {
            argv: [stagedPath('k3s'), '--version'],
            read_only: true,
            register: binary,
          }),
        ]
      : []),
    ...checkUpgrade(version),
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

function versionIn(stdout: string, asked: string | undefined): string {
  const found = parseVersion(stdout)?.text
  if (found === undefined)
    throw new PlaybookError(
      `the binary in k3s_artifacts prints no k3s version, but "${stdout.split('\n')[0] ?? ''}": replace it with the k3s binary`,
    )
  if (asked !== undefined && found !== asked)
    throw new PlaybookError(`the binary in k3s_artifacts is k3s ${found}, but k3s_version is ${asked}`)
  return found
}

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

/** Sets labels and taints from the inventory. */
export const labelNodes = play(
  'Set node labels and taints',
  { hosts: 'k3s_servers[0]', become: true, tags: 'k3s' },
  (on) =>
    plannedCluster(on).nodes.map(({ name, labels: nodeLabels, taints }) =>
      k3s_node(`Set labels and taints of ${name}`, { name, labels: nodeLabels, taints }),
    ),
)
