import { createHash } from 'node:crypto'
import {
  assert,
  type CommandValues,
  copy,
  play,
  type PlayContext,
  Reference,
  register,
  type Scope,
  secret,
  shell,
  type Task,
} from 'labbook'
import { K3S_CONFIG_DIR, K3S_DATA } from 'labbook/k3s'
import { k3sVars } from '../vars.ts'
import { plannedCluster } from './cluster.ts'
import { RESET } from './reset-command.ts'

/** The file from which k3s reads its token at each start. */
export const TOKEN = `${K3S_CONFIG_DIR}/token`
/** Written by a server: the token of its cluster, with the checksum of the cluster's CA. */
export const CLUSTER_TOKEN = `${K3S_DATA}/server/token`

const clusterData = register<CommandValues>('k3s_server_data')
const tokens = register<CommandValues>('k3s_token_checksums')

/** In front of the secret of a token: `K10<checksum of the CA>::server:`. */
const PREFIX = /^K10[0-9a-f]*::[^:]*:/
const SED_PREFIX = 's/^K10[0-9a-f]*::[^:]*://'

/**
 * Prints checksums of two secrets: of the cluster's token, and of the one in {@link TOKEN}; `none` where there is no
 * file.
 */
export const tokenScript = (clusterToken = CLUSTER_TOKEN, token = TOKEN): string =>
  [
    `lb_sum() { if [ -s "$1" ]; then sed '${SED_PREFIX}' "$1" | tr -d '\\n' | sha256sum | cut -c 1-64; else echo none; fi; }`,
    `echo "$(lb_sum ${clusterToken}) $(lb_sum ${token})"`,
  ].join('\n')

const checksumOf = (token: string): string =>
  createHash('sha256').update(token.trim().replace(PREFIX, '')).digest('hex')

/** Reads what an earlier installation left on a server. */
export function readClusterState(on: PlayContext): Task[] {
  const { servers, first } = plannedCluster(on)
  return [
    ...(servers.length > 1 && servers.some(({ host }) => host === on.host)
      ? [
          shell('Check for cluster data', {
            cmd: `[ -d ${K3S_DATA}/server/db ] && echo yes || echo no`,
            read_only: true,
            register: clusterData,
          }),
        ]
      : []),
    ...(on.host === first.host
      ? [
          shell('Compare cluster token', {
            cmd: tokenScript(),
            read_only: true,
            no_log: true,
            register: tokens,
          }),
        ]
      : []),
  ]
}

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

/** With another token than that of its data, a server does not start. */
function assertSameToken(on: PlayContext): Task[] {
  const { k3s_token } = k3sVars.read(on.vars)
  if (k3s_token === undefined) return []
  return [
    assert('Check cluster token', {
      that: tokens.map(({ stdout }) => ['none', checksumOf(k3s_token)].includes(stdout.split(' ')[0] ?? '')),
      fail_msg:
        `k3s_token is not the token of the cluster that runs on ${on.host}, which would not start with it. ` +
        `Either remove k3s_token: the cluster then keeps its token. Or reset the cluster first (${RESET})`,
    }),
  ]
}

/** Compares an existing cluster with the planned one. */
export const checkCluster = play(
  'Check existing cluster',
  { hosts: 'k3s_servers[0]', become: true, any_errors_fatal: true, tags: 'k3s' },
  (on) => [...assertNoSecondCluster(on), ...assertSameToken(on)],
)

const writeToken = (command: string): string =>
  `umask 077; ${command} | tr -d ' \\n' >${TOKEN}.new && mv -f ${TOKEN}.new ${TOKEN}`

/** The token of the first server: `k3s_token`, or that of its cluster, or a generated one. */
export function clusterToken(on: PlayContext): Task[] {
  const { k3s_token } = k3sVars.read(on.vars)
  if (k3s_token !== undefined)
    return [copy('Copy cluster token', { content: secret(k3s_token), dest: TOKEN, mode: '0600' })]
  return [
    shell('Restore cluster token', {
      cmd: writeToken(`sed '${SED_PREFIX}' ${CLUSTER_TOKEN}`),
      no_log: true,
      when: ({ value }) => {
        const [ofCluster, inFile] = value(tokens).stdout.split(' ')
        return ofCluster !== 'none' && ofCluster !== inFile
      },
    }),
    shell('Create cluster token', {
      cmd: writeToken('head -c 32 /dev/urandom | od -An -v -tx1'),
      creates: TOKEN,
      no_log: true,
    }),
  ]
}
