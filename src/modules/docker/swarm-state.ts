import { sh } from '../../shell/quote.ts'
import { secret, type Secret } from '../../values/secret.ts'
import type { EngineResponse } from './engine.ts'

/** The tokens with which nodes join a Swarm. */
export interface JoinTokens {
  readonly worker: Secret
  readonly manager: Secret
}

/** Prints what a node's certificates say of its membership, for {@link nodeStateOf}. */
export const probeCertificates = (joinToken: string | Secret | undefined): string =>
  [
    // A join token contains the digest of its Swarm's root certificate, which a member has a copy of.
    ...(joinToken === undefined
      ? []
      : [sh`lb_token=${joinToken}`, 'lb_token=${lb_token#SWMTKN-?-}', 'echo "token-ca ${lb_token%-*}"']),
    'lb_certs=/var/lib/docker/swarm/certificates',
    '[ -r "$lb_certs/swarm-root-ca.crt" ] && echo "ca $(sha256sum <"$lb_certs/swarm-root-ca.crt" | cut -c 1-64)"',
    '[ -e "$lb_certs/swarm-node.crt" ] && echo "age $(( $(date +%s) - $(stat -c %Y "$lb_certs/swarm-node.crt") ))"',
  ].join('\n')

/** A node, as its engine and its certificates describe it. */
export interface NodeState {
  readonly hostname: string
  readonly state: string
  readonly nodeId: string
  readonly address: string
  readonly isManager: boolean
  readonly error: string
  readonly managers: readonly string[]
  /** This node's root certificate matches the token. */
  readonly rightSwarm: boolean
  /** Seconds since this node got its certificate. */
  readonly age: number
}

/** Responses that only a manager gives. */
export interface ManagerResponses {
  readonly swarm: EngineResponse | undefined
  readonly nodes: EngineResponse | undefined
  readonly tokens: JoinTokens | undefined
}

/** The join tokens in the response to `/swarm`. */
export function tokensOf(swarm: EngineResponse | undefined): JoinTokens | undefined {
  if (swarm?.status !== 200) return undefined
  const { Worker, Manager } = (swarm.body as { JoinTokens: { Worker: string; Manager: string } }).JoinTokens
  return { worker: secret(Worker), manager: secret(Manager) }
}

interface Info {
  readonly Name: string
  readonly Swarm: {
    readonly NodeID: string
    readonly NodeAddr: string
    readonly LocalNodeState: string
    readonly ControlAvailable: boolean
    readonly Error: string
    readonly RemoteManagers: readonly { readonly NodeID: string; readonly Addr: string }[] | null
  }
}

/**
 * Reads the output of the probe.
 *
 * @param info - the response to `/info`.
 */
export function nodeStateOf(stdout: string, info: EngineResponse): NodeState {
  const { Name, Swarm } = info.body as Info
  const read = (key: string): string | undefined => new RegExp(`^${key} (\\S+)$`, 'm').exec(stdout)?.[1]
  const ca = read('ca')
  return {
    hostname: Name,
    state: Swarm.LocalNodeState,
    nodeId: Swarm.NodeID,
    address: Swarm.NodeAddr,
    isManager: Swarm.ControlAvailable,
    error: Swarm.Error,
    managers: (Swarm.RemoteManagers ?? []).map(({ Addr }) => Addr),
    rightSwarm: ca !== undefined && tokenDigest(ca) === read('token-ca'),
    age: Number(read('age') ?? Number.POSITIVE_INFINITY),
  }
}

/** A SHA-256 as join tokens write it: base 36, 50 digits. */
const tokenDigest = (hex: string): string => BigInt(`0x${hex}`).toString(36).padStart(50, '0')
