import * as z from 'zod'
import { Secret } from '../../values/secret.ts'
import { ANYTHING, type Change, type Plan, type PredictedState } from '../module.ts'
import { defineModule } from '../task.ts'
import { ANY_NODE, dockerResources, ENGINE, JOINED, MEMBERSHIP } from './effects.ts'
import {
  parseResponses,
  engineProblem,
  get,
  errorMessage,
  exitOnError,
  post,
  requireEngine,
  waitFor,
  type EngineResponse,
} from './engine.ts'
import { parseNodes, type SwarmNode } from './nodes.ts'
import {
  probeCertificates,
  nodeStateOf,
  tokensOf,
  type JoinTokens,
  type ManagerResponses,
  type NodeState,
} from './swarm-state.ts'

const schema = z
  .strictObject({
    /**
     * `present`: initialise a Swarm unless this node is in one. `join`: join the Swarm of the token. `absent`: leave.
     */
    state: z.enum(['present', 'join', 'absent']).default('present'),
    /** Address advertised to other nodes; required if the host has several. */
    advertise_addr: z.string().optional(),
    listen_addr: z.string().default('0.0.0.0:2377'),
    default_addr_pool: z.array(z.string()).optional(),
    subnet_size: z.int().min(1).max(32).default(24),
    /**
     * With `present`: nanoseconds between two heartbeats of a node; after three missed heartbeats it is down. Docker's
     * default: 5 s.
     */
    dispatcher_heartbeat_period: z.int().min(1_000_000_000).optional(),
    /** With `join`: also determines the role. */
    join_token: z.union([z.string(), z.instanceof(Secret)]).optional(),
    /** With `join`: managers of the Swarm; default port 2377. */
    remote_addrs: z.array(z.string()).optional(),
    /** With `join`: ids of the nodes the managers know. A member that is not listed leaves and rejoins. */
    member_ids: z.array(z.string()).optional(),
    /**
     * With `absent`: leave even as a manager. With `join`: leave another Swarm first, which stops its tasks on this
     * node.
     */
    force: z.boolean().default(false),
  })
  .refine(
    (params) => params.state !== 'join' || (params.join_token !== undefined && params.remote_addrs !== undefined),
    'state: join requires join_token and remote_addrs',
  )

type Params = z.output<typeof schema>

export interface DockerSwarm {
  readonly node_id: string
  readonly is_manager: boolean
  /** On managers only. */
  readonly cluster_id?: string
  /** On managers only. */
  readonly join_tokens?: JoinTokens
  /** All nodes; empty on workers, which do not know them. */
  readonly nodes: readonly SwarmNode[]
}

/** Initialises, joins and leaves a Swarm. */
export const docker_swarm = defineModule<typeof schema, DockerSwarm>({
  name: 'docker_swarm',
  schema,
  reads: () => [...ENGINE, MEMBERSHIP, ANY_NODE],
  // Joining starts tasks on this node, and leaving stops them.
  sets: ({ state }) => [MEMBERSHIP, ANY_NODE, ...(state === 'present' ? [] : [ANYTHING])],
  title: (params) => params.state,

  probe: ({ state, join_token }) =>
    [
      requireEngine,
      state === 'absent' ? get('/info') : get('/info', '/swarm', '/nodes'),
      probeCertificates(join_token),
      'exit 0',
    ].join('\n'),

  plan(params, observed) {
    const answers = parseResponses(observed.stdout)
    const [info, swarm, nodes] = answers
    // First, so that the tokens are masked in the record of the probe whatever the plan is.
    const tokens = tokensOf(swarm)
    const unreachable = engineProblem(observed, answers.slice(0, 1))
    if (unreachable !== undefined || info === undefined)
      return { changes: [], problem: unreachable ?? 'Docker does not respond' }
    const self = nodeStateOf(observed.stdout, info)
    if (params.state === 'absent') return leave(params, self)
    const manager = { swarm, nodes, tokens }
    return params.state === 'join' ? join(params, self, manager) : init(params, self, manager)
  },
})

function init(params: Params, self: NodeState, manager: ManagerResponses): Plan<DockerSwarm> {
  switch (self.state) {
    case 'active':
      if (self.isManager) return withSettings(params, member(self, manager), manager.swarm)
      return {
        changes: [],
        problem: `this node is a worker in the Swarm of ${self.managers.join(', ')}: make it leave first (state: absent)`,
      }
    case 'inactive':
      return { changes: [initChange(params)] }
    case 'locked':
      return { changes: [], problem: 'this Swarm is locked: unlock it with docker swarm unlock' }
    // After a reboot, a manager is pending until it has found the others.
    case 'pending':
      return { changes: [{ description: 'wait for this node to rejoin its Swarm', script: untilActive }] }
    default:
      return {
        changes: [],
        problem: `this node's Swarm has an error: ${self.error}. To leave it, set state: absent and force: true`,
      }
  }
}

function join(params: Params, self: NodeState, manager: ManagerResponses): Plan<DockerSwarm> {
  const removed = params.member_ids !== undefined && !params.member_ids.includes(self.nodeId)
  switch (self.state) {
    case 'active':
      // member_ids was read before this task ran: a node that has just joined cannot be listed.
      if (self.rightSwarm && (!removed || self.age < JUST_JOINED)) return member(self, manager)
      if (!self.rightSwarm && !params.force) return { changes: [], problem: otherSwarmProblem(self) }
      return {
        ...joined(self),
        changes: [
          leaveChange(self.rightSwarm ? 'leave the Swarm, which has removed this node' : 'leave the other Swarm', true),
          joinChange(params),
        ],
      }
    case 'inactive':
      return { ...joined(self), changes: [joinChange(params)] }
    case 'locked':
      return {
        changes: [],
        problem:
          'this node is a manager of a locked Swarm: unlock it, or make the node leave (state: absent, force: true)',
      }
    default:
      return {
        ...joined(self),
        changes: [
          leaveChange(
            `leave the Swarm, as the node is in state ${self.state}${self.error && ` (${self.error})`}`,
            true,
          ),
          joinChange(params),
        ],
      }
  }
}

/** It is a new node, whose earlier entries are stale. */
const joined = ({ hostname }: NodeState): { leaves: PredictedState } => ({
  leaves: { [dockerResources.node(hostname)]: JOINED },
})

const otherSwarmProblem = ({ managers }: NodeState): string =>
  `this node is a member of another Swarm${managers.length > 0 ? `, that of ${managers.join(', ')}` : ''}: leaving would stop that Swarm's tasks on this node. Leave manually (docker swarm leave), or set force: true`

/** A node whose certificate is younger (in seconds) has just joined. */
const JUST_JOINED = 120

function leave(params: Params, self: NodeState): Plan<DockerSwarm> {
  if (self.state === 'inactive') return { changes: [] }
  if (self.isManager && !params.force) {
    return { changes: [], problem: 'this node is a manager: demote it first (docker_node), or set force: true' }
  }
  return { changes: [leaveChange('leave the Swarm', params.force)] }
}

function member(self: NodeState, { swarm, nodes, tokens }: ManagerResponses): Plan<DockerSwarm> {
  if (!self.isManager) return { changes: [], values: { node_id: self.nodeId, is_manager: false, nodes: [] } }
  const refused = [swarm, nodes].find((answer) => answer?.status !== 200)
  if (refused !== undefined || swarm === undefined || nodes === undefined || tokens === undefined) {
    return {
      changes: [],
      problem: `${refused ? errorMessage(refused) : 'Docker does not respond'}: has the Swarm lost its quorum?`,
    }
  }
  return {
    changes: [],
    values: {
      node_id: self.nodeId,
      is_manager: true,
      cluster_id: (swarm.body as { ID: string }).ID,
      join_tokens: tokens,
      nodes: parseNodes(nodes.body),
    },
  }
}

const untilActive = waitFor(
  '/info',
  '"LocalNodeState":"active"',
  60,
  'this node did not become active in its Swarm within a minute: are the managers up and their port 2377 reachable?',
)

function initChange(params: Params): Change {
  const body = {
    ListenAddr: params.listen_addr,
    AdvertiseAddr: params.advertise_addr ?? '',
    Availability: 'active',
    ...(params.default_addr_pool && { DefaultAddrPool: params.default_addr_pool, SubnetSize: params.subnet_size }),
    Spec: { ...heartbeatOf(params) },
  }
  return {
    description: `initialise a Swarm${params.advertise_addr === undefined ? '' : ` at ${params.advertise_addr}`}`,
    script: [post('/swarm/init', JSON.stringify(body)), exitOnError, untilActive].join('\n'),
  }
}

const heartbeatOf = ({ dispatcher_heartbeat_period: period }: Params) =>
  period === undefined ? {} : { Dispatcher: { HeartbeatPeriod: period } }

/** Updates the settings of an existing Swarm; settings without a value stay. */
function withSettings(params: Params, plan: Plan<DockerSwarm>, swarm: EngineResponse | undefined): Plan<DockerSwarm> {
  const { dispatcher_heartbeat_period: wanted } = params
  if (plan.problem !== undefined || wanted === undefined || swarm === undefined) return plan
  const { Spec, Version } = swarm.body as {
    Spec: { Dispatcher?: { HeartbeatPeriod?: number } }
    Version: { Index: number }
  }
  if (Spec.Dispatcher?.HeartbeatPeriod === wanted) return plan
  return {
    ...plan,
    changes: [
      {
        description: `set the heartbeat period of nodes to ${wanted / 1e9} s`,
        script: [
          post(`/swarm/update?version=${Version.Index}`, JSON.stringify({ ...Spec, ...heartbeatOf(params) })),
          exitOnError,
        ].join('\n'),
      },
    ],
  }
}

function joinChange(params: Params): Change {
  const remotes = (params.remote_addrs ?? []).map((address) => (/:\d+$/.test(address) ? address : `${address}:2377`))
  const body = JSON.stringify({
    ListenAddr: params.listen_addr,
    AdvertiseAddr: params.advertise_addr ?? '',
    Availability: 'active',
    RemoteAddrs: remotes,
  })
  return {
    description: `join the Swarm of ${remotes.join(', ')}`,
    script: [
      post('/swarm/join', `${body.slice(0, -1)},"JoinToken":"`, params.join_token ?? '', '"}'),
      // Docker responds after 20 seconds and continues to join in the background.
      `case $lb_answer in *'Timeout was reached'*) lb_code=200 ;; esac`,
      exitOnError,
      untilActive,
    ].join('\n'),
  }
}

const leaveChange = (description: string, force: boolean): Change => ({
  description,
  script: [
    post(`/swarm/leave?force=${force}`, ''),
    exitOnError,
    waitFor('/info', '"LocalNodeState":"inactive"', 60, 'this node did not leave the Swarm within a minute'),
  ].join('\n'),
})
