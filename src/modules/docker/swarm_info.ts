import * as z from 'zod'
import { secret, type Secret } from '../../values/secret.ts'
import type { Plan } from '../module.ts'
import { refusing } from '../support/refusing.ts'
import { defineModule } from '../task.ts'
import { ENGINE, MEMBERSHIP } from './effects.ts'
import { engineProblem, filtered, get, parseResponses, requireEngine } from './engine.ts'
import { CONNECTION_PARAMS, filters, filterValues } from './filters.ts'
import { redactEnvironment } from './redact-environment.ts'

const schema = z.strictObject(
  {
    nodes: z.boolean().default(false),
    nodes_filters: filters.optional(),
    services: z.boolean().default(false),
    services_filters: filters.optional(),
    tasks: z.boolean().default(false),
    tasks_filters: filters.optional(),
    /** Return the key that unlocks managers, as a secret. */
    unlock_key: z.boolean().default(false),
    /** Return all fields of the Engine API, not only the usual ones. */
    verbose_output: z.boolean().default(false),
  },
  { error: refusing(CONNECTION_PARAMS) },
)

type Json = Readonly<Record<string, unknown>>

/** What Ansible returns. */
export interface DockerSwarmInfo {
  readonly can_talk_to_docker: boolean
  readonly docker_swarm_active: boolean
  readonly docker_swarm_manager: boolean
  /** The Swarm. Its join tokens are secrets. */
  readonly swarm_facts?: Json
  readonly nodes?: readonly Json[]
  readonly services?: readonly Json[]
  readonly tasks?: readonly Json[]
  readonly swarm_unlock_key?: Secret | null
}

const LISTS = ['nodes', 'services', 'tasks'] as const

/** Removes join tokens, unlock keys and environments, also of an answer that is cut off. */
const redact = (output: string): string =>
  redactEnvironment(output)
    .replaceAll(/SWMTKN-[\w-]*/g, '[REDACTED]')
    .replaceAll(/SWMKEY-[\w+/=-]*/g, '[REDACTED]')

/** Returns facts about the Swarm, from a manager. Elsewhere the task fails, as in Ansible. Changes nothing. */
export const docker_swarm_info = defineModule<typeof schema, DockerSwarmInfo>({
  name: 'docker_swarm_info',
  schema,
  title: (params) => ['info', ...LISTS.filter((kind) => params[kind])].join(', '),
  // Lists of everything that any task of Docker can change.
  reads: (params) => (LISTS.some((kind) => params[kind]) ? undefined : [...ENGINE, MEMBERSHIP]),
  sets: () => [],
  redactOutput: redact,
  probe: (params) =>
    [
      requireEngine,
      get(
        '/info',
        '/swarm',
        ...LISTS.filter((kind) => params[kind]).map((kind) =>
          filtered(`/${kind}`, filterValues(params[`${kind}_filters`])),
        ),
        ...(params.tasks ? ['/nodes'] : []),
        ...(params.unlock_key ? ['/swarm/unlockkey'] : []),
      ),
    ].join('\n'),
  plan(params, observed): Plan<DockerSwarmInfo> {
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    const info = answers[0]?.body as { Swarm?: { LocalNodeState?: string; ControlAvailable?: boolean } } | undefined
    const known = {
      can_talk_to_docker: answers[0]?.status === 200,
      docker_swarm_active: info?.Swarm?.LocalNodeState === 'active',
      docker_swarm_manager: info?.Swarm?.ControlAvailable === true,
    }
    if (problem !== undefined) return { changes: [], problem, values: known }
    const bodies = answers.slice(1).map(({ body }) => body)
    const swarm_facts = withSecrets(bodies.shift() as Json)
    const found = LISTS.filter((kind) => params[kind]).map((kind) => [kind, bodies.shift() as Json[]] as const)
    const nodes = params.tasks ? (bodies.shift() as Json[]) : []
    const key = params.unlock_key ? (bodies.shift() as { UnlockKey?: string }).UnlockKey : undefined
    const lists: [string, readonly Json[]][] = found.map(([kind, items]) => [
      kind,
      params.verbose_output ? items : items.map((item) => essentials[kind](item, { nodes, items })),
    ])
    return {
      changes: [],
      values: {
        ...known,
        swarm_facts,
        ...Object.fromEntries(lists),
        ...(params.unlock_key && { swarm_unlock_key: key === undefined || key === '' ? null : secret(key) }),
      },
    }
  },
})

function withSecrets(swarm: Json): Json {
  const tokens = Object.entries((swarm['JoinTokens'] ?? {}) as Readonly<Record<string, string>>)
  return { ...swarm, JoinTokens: Object.fromEntries(tokens.map(([role, token]) => [role, secret(token)])) }
}

/** A value in nested objects, or null. */
const at = (item: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((value, key) => (value as Json | null | undefined)?.[key], item) ?? null

interface Context {
  readonly nodes: readonly Json[]
  readonly items: readonly Json[]
}

/** The fields that Ansible returns without `verbose_output`. */
const essentials: Readonly<Record<(typeof LISTS)[number], (item: Json, context: Context) => Json>> = {
  nodes: (item) => ({
    ID: at(item, 'ID'),
    Hostname: at(item, 'Description', 'Hostname'),
    Status: at(item, 'Status', 'State'),
    Availability: at(item, 'Spec', 'Availability'),
    ManagerStatus: at(item, 'ManagerStatus', 'Leader') === true ? 'Leader' : at(item, 'ManagerStatus', 'Reachability'),
    EngineVersion: at(item, 'Description', 'Engine', 'EngineVersion'),
  }),
  services: (item, { items }) => {
    const replicas = at(item, 'Spec', 'Mode', 'Replicated', 'Replicas')
    const isReplicated = at(item, 'Spec', 'Mode', 'Replicated') !== null
    return {
      ID: at(item, 'ID'),
      Name: at(item, 'Spec', 'Name'),
      Mode: isReplicated ? 'Replicated' : 'Global',
      // As in Ansible, where that of a global service is the number of services.
      Replicas: isReplicated ? replicas : items.length,
      Image: at(item, 'Spec', 'TaskTemplate', 'ContainerSpec', 'Image'),
      Ports: at(item, 'Spec', 'EndpointSpec', 'Ports') ?? [],
    }
  },
  tasks: (item, { nodes }) => ({
    ID: at(item, 'ID'),
    ContainerID: at(item, 'Status', 'ContainerStatus', 'ContainerID'),
    Image: at(item, 'Spec', 'ContainerSpec', 'Image'),
    Node: at(
      nodes.find((node) => node['ID'] === item['NodeID']),
      'Description',
      'Hostname',
    ),
    DesiredState: at(item, 'DesiredState'),
    CurrentState: at(item, 'Status', 'State'),
    Error: at(item, 'Status', 'Err'),
  }),
}
