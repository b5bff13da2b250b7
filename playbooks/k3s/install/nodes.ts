import {
  assert,
  command,
  copy,
  play,
  PlaybookError,
  register,
  secret,
  shell,
  slurp,
  template,
  type CommandValues,
  type PlayContext,
  type Task,
} from '../../../src/labbook.ts'
import { k3s } from '../../../src/k3s/k3s.ts'
import { k3s_node } from '../../../src/k3s/node.ts'
import { K3S_BINARY, K3S_CONFIG_FOLDER, K3S_DATA } from '../../../src/k3s/paths.ts'
import { parseVersion, stepRefused } from '../../../src/k3s/version.ts'
import { Reference, type Scope } from '../../../src/values/reference.ts'
import { API_PORT, plannedCluster, nodeFor } from './cluster.ts'
import { staged } from './files.ts'
import { fitting } from './preflight.ts'
import { sourceOf } from './source.ts'

const TOKEN = `${K3S_CONFIG_FOLDER}/token`

/**
 * What the first server knows: the token with the checksum of its CA, by which the others know that it is the right
 * one.
 */
const joinToken = register<{ content: string; sha256: string }>('k3s_token')
const binary = register<CommandValues>('k3s_binary')
const before = register<CommandValues>('k3s_node_before')
const installed = register<CommandValues>('k3s_installed')

const data = register<CommandValues>('k3s_server_data')

/** Which servers have a cluster's data already. */
export const serverData = play(
  'k3s: servers with data',
  { hosts: 'k3s_servers', become: true, any_errors_fatal: true, tags: 'k3s' },
  (on) =>
    plannedCluster(on).servers.length === 1
      ? []
      : [
          shell('Has it the data of a cluster?', {
            cmd: `[ -d ${K3S_DATA}/server/db ] && echo yes || echo no`,
            read_only: true,
            register: data,
          }),
        ],
)

/** A first server that was made anew would begin another cluster, and the others would be taken out of theirs. */
function beginsNoOther(on: PlayContext): Task[] {
  const others = plannedCluster(on).servers.filter(({ host }) => host !== on.host)
  if (others.length === 0) return []
  const says = (host: string, scope: Scope): boolean =>
    scope.has(data.key, host) && data.on(host).read(scope).stdout === 'yes'
  const have = new Reference((scope) =>
    says(on.host, scope) ? [] : others.filter(({ host }) => says(host, scope)).map(({ name }) => name),
  )
  return [
    assert('It does not begin a cluster beside the one there is', {
      that: have.map((names) => names.length === 0),
      fail_msg: have.map(
        (names) =>
          `${on.host} has no data of a cluster, and ${names.join(', ')} ${names.length === 1 ? 'has' : 'have'}: as the first of k3s_servers it would begin another one. ` +
          'Put a server that has data first, or reset all of them (npx zx playbooks/k3s.mjs reset)',
      ),
    }),
  ]
}

/** The first server starts the cluster. */
export const firstServer = play(
  'k3s: first server',
  { hosts: 'k3s_servers[0]', become: true, gather_facts: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => [
    ...beginsNoOther(on),
    on.vars.k3s_token === undefined
      ? shell('Token of the cluster', {
          cmd: `umask 077; head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n' >${TOKEN}.new && mv -f ${TOKEN}.new ${TOKEN}`,
          creates: TOKEN,
          no_log: true,
        })
      : copy('Token of the cluster', { content: secret(String(on.vars.k3s_token)), dest: TOKEN, mode: '0600' }),
    member(on),
  ],
)

/**
 * A machine that was made anew has lost the password by which the cluster knows the node of its name, and would be
 * refused.
 */
const forgotten = (on: PlayContext): Task[] => [
  shell('Was it a node of this cluster before?', {
    cmd: '[ -s /etc/rancher/node/password ] && echo yes || echo no',
    read_only: true,
    register: before,
  }),
  k3s_node('The cluster forgets the machine that had this name', {
    name: nodeFor(on).name,
    state: 'absent',
    delegate_to: plannedCluster(on).first.host,
    when: ({ value }) => value(before).stdout === 'no',
  }),
]

const joining = (on: PlayContext): Task[] => [
  ...forgotten(on),
  slurp('Token for those who join', {
    src: `${K3S_DATA}/server/token`,
    no_log: true,
    register: joinToken,
    delegate_to: plannedCluster(on).first.host,
  }),
  copy('Token of the cluster', {
    content: joinToken.map(({ content }) => secret(content.trim())),
    dest: TOKEN,
    mode: '0600',
  }),
  ...member(on),
]

/** The others, one at a time: each is Ready before the next is touched. */
export const otherServers = play(
  'k3s: other servers',
  {
    hosts: 'k3s_servers:!k3s_servers[0]',
    become: true,
    gather_facts: true,
    serial: 1,
    any_errors_fatal: true,
    tags: 'k3s',
  },
  joining,
)
export const agents = play(
  'k3s: agents',
  { hosts: 'k3s_agents', become: true, gather_facts: true, serial: 1, any_errors_fatal: true, tags: 'k3s' },
  joining,
)

/**
 * A version that is refused is so before the configuration is written for it: what runs would read that at its next
 * start.
 */
function possible(version: Reference<string> | string): Task[] {
  const refused = new Reference((scope) => {
    const [from, to] = [
      parseVersion(installed.map(({ stdout }) => stdout).read(scope)),
      parseVersion(version instanceof Reference ? version.read(scope) : version),
    ]
    return from === undefined || to === undefined ? undefined : stepRefused(from, to)
  })
  return [
    shell('Which version is installed?', {
      cmd: `[ ! -x ${K3S_BINARY} ] || ${K3S_BINARY} --version`,
      read_only: true,
      register: installed,
    }),
    assert('It can become the version asked for', {
      that: refused.map((why) => why === undefined),
      fail_msg: refused.map((why) => why ?? ''),
    }),
  ]
}

/** Its configuration, and k3s itself. */
function member(on: PlayContext): Task[] {
  const source = sourceOf(on)
  if (source.kind === 'none') return [assert('Files to install k3s from', { that: false, fail_msg: source.problem })]
  const node = nodeFor(on)
  const { servers, first, api } = plannedCluster(on)
  // A binary that was brought says itself which version it is.
  const version: Reference<string> | string =
    source.kind === 'release' ? source.version : binary.map(({ stdout }) => versionIn(stdout, source.asked))
  return [
    ...(source.kind === 'artifacts'
      ? [command('Which version is it?', { argv: [staged('k3s'), '--version'], read_only: true, register: binary })]
      : []),
    ...possible(version),
    template('Configure k3s', {
      src: 'k3s-install/config.yaml',
      dest: `${K3S_CONFIG_FOLDER}/config.yaml`,
      mode: '0600',
      vars: {
        node: { name: node.name, role: node.role, ip: node.ip ?? '' },
        token_file: TOKEN,
        join: node.host === first.host ? '' : `https://${api}:${API_PORT}`,
        cluster_init: node.host === first.host && servers.length > 1,
        names: [...new Set([api, ...servers.flatMap(({ address, name, host }) => [address, name, host])])],
        disable: listOf(on.vars.k3s_disable, 'k3s_disable'),
        fitting: fitting(version),
        ...furtherSettings(on.vars.k3s_config),
      },
    }),
    k3s(`k3s as ${node.role}`, {
      role: node.role,
      node_name: node.name,
      version,
      binary: staged('k3s'),
      binary_sha256: source.binary.sha256,
      installer: staged('install.sh'),
      installer_sha256: source.installer.sha256,
      ready_seconds: Number(on.vars.k3s_ready_seconds ?? 300),
    }),
  ]
}

function versionIn(stdout: string, asked: string | undefined): string {
  const found = parseVersion(stdout)?.text
  if (found === undefined)
    throw new PlaybookError(
      `the binary in k3s_artifacts does not say which version it is: is it k3s? It said: ${stdout.split('\n')[0] ?? ''}`,
    )
  if (asked !== undefined && found !== asked)
    throw new PlaybookError(`the binary in k3s_artifacts is k3s ${found}, and k3s_version asks for ${asked}`)
  return found
}

/** What the configuration is written with from the inventory; `k3s_config` is for all else. */
const OWN: Readonly<Record<string, string>> = {
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
  'write-kubeconfig-mode': 'nothing: it is always 0600',
}

/** @throws {PlaybookError} it sets what has a variable of its own, or is no mapping. */
export function furtherSettings(value: unknown): {
  readonly kubelet_args: string[]
  readonly kube_proxy_args: string[]
  readonly more: Readonly<Record<string, unknown>>
} {
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value)))
    throw new PlaybookError('k3s_config must be a mapping, such as {cluster-cidr: 10.42.0.0/16}')
  const { 'kubelet-arg': kubelet, 'kube-proxy-arg': proxy, ...more } = (value ?? {}) as Record<string, unknown>
  const own = Object.keys(more).find((key) => Object.hasOwn(OWN, key))
  if (own !== undefined) throw new PlaybookError(`k3s_config: ${own} is set with ${OWN[own]}`)
  const list = (one: unknown): string[] => (one === undefined ? [] : [one].flat().map(String))
  return { kubelet_args: list(kubelet), kube_proxy_args: list(proxy), more }
}

function listOf(value: unknown, name: string): string[] {
  if (value === undefined) return []
  const list = Array.isArray(value)
    ? value.map(String)
    : String(value)
        .split(',')
        .map((item) => item.trim())
  const known = ['coredns', 'servicelb', 'traefik', 'local-storage', 'metrics-server', 'runtimes']
  const strange = list.find((item) => !known.includes(item))
  if (strange !== undefined) throw new PlaybookError(`${name}: "${strange}" is no part of k3s: ${known.join(', ')}`)
  return list
}

/** Labels and taints as the inventory has them now. */
export const labels = play('k3s: labels and taints', { hosts: 'k3s_servers[0]', become: true, tags: 'k3s' }, (on) =>
  plannedCluster(on).nodes.map(({ name, labels: wanted, taints }) =>
    k3s_node(`${name}: labels, taints`, { name, labels: wanted, taints }),
  ),
)
