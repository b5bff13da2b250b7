import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { ANY_NODE, dockerResources, ENGINE, JOINED, MEMBERSHIP } from './effects.ts'
import { parseResponses, engineProblem, filtered, get, requireEngine, waitFor } from './engine.ts'
import { parseNodes, type SwarmNode } from './nodes.ts'

const schema = z.strictObject({
  hostname: z.string().min(1),
  role: z.enum(['manager', 'worker']).optional(),
  availability: z.enum(['active', 'pause', 'drain']).optional(),
  labels: z.record(z.string().min(1), z.string()).optional(),
  /** `replace`: remove labels that are not listed. */
  labels_state: z.enum(['merge', 'replace']).default('merge'),
  labels_to_remove: z.array(z.string()).default([]),
  /** `absent`: remove the node from the Swarm. */
  state: z.enum(['present', 'absent']).default('present'),
})

type Params = z.output<typeof schema>

export interface DockerNode {
  readonly node: SwarmNode
}

/**
 * Sets role, availability and labels of a node; runs on a manager. Stale entries with state Down, left by a node that
 * rejoined, are removed.
 */
export const docker_node = defineModule<typeof schema, DockerNode>({
  name: 'docker_node',
  schema,
  reads: ({ hostname }) => [...ENGINE, MEMBERSHIP, `docker-node:${hostname}`],
  sets: ({ hostname }) => [`docker-node:${hostname}`, ANY_NODE],
  title: (params) => params.hostname,
  // The filter matches prefixes.
  probe: ({ hostname }) => `${requireEngine}\n${get(filtered('/nodes', { name: [hostname] }))}`,

  /**
   * After a task that makes the node join. Its role then follows from its token, which is taken to be that of the
   * requested role: so there is a prediction only if there is more to change.
   */
  planAfter(params, observed, { changed }) {
    const isJoined = changed[dockerResources.node(params.hostname)] === JOINED && Object.keys(changed).length === 1
    const answers = parseResponses(observed.stdout)
    if (!isJoined || params.state === 'absent' || engineProblem(observed, answers) !== undefined) return undefined
    const stale = parseNodes(answers[0]?.body).filter(({ hostname }) => hostname === params.hostname)
    const role = params.role ?? stale[0]?.role ?? 'worker'
    const joined: SwarmNode = {
      id: '',
      hostname: params.hostname,
      role,
      availability: 'active',
      state: 'ready',
      addr: '',
      labels: {},
      created: '',
    }
    const changes = [...update(params, joined), ...stale.map(removeChange)]
    return changes.length === 0 ? undefined : { changes }
  },

  plan(params, observed): Plan<DockerNode> {
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined) return { changes: [], problem }
    const entries = parseNodes(answers[0]?.body).filter(({ hostname }) => hostname === params.hostname)
    if (params.state === 'absent') return { changes: entries.map(removeChange) }

    const replaced = entries.filter((entry) => entries.some((other) => replaces(other, entry)))
    const ready = entries.filter((entry) => entry.state === 'ready' && !replaced.includes(entry))
    if (ready.length > 1) {
      return {
        changes: [],
        problem: `${ready.length} ready nodes have the hostname "${params.hostname}": give each host a unique hostname`,
      }
    }
    const [newest] = [...entries].sort((a, b) => b.created.localeCompare(a.created))
    const node = ready[0] ?? newest
    if (node === undefined)
      return { changes: [], problem: `node "${params.hostname}" not found in the Swarm: join it first` }
    const stale = entries.filter(
      (entry) => entry.id !== node.id && (entry.state === 'down' || replaced.includes(entry)),
    )
    return { changes: [...update(params, node), ...stale.map(removeChange)], values: { node } }
  },
})

/** The same host after it rejoined: its stale entry counts as ready until heartbeats have been missed. */
const replaces = (newer: SwarmNode, older: SwarmNode): boolean =>
  newer.state === 'ready' && newer.addr !== '' && newer.addr === older.addr && newer.created > older.created

function update(params: Params, node: SwarmNode): Change[] {
  const role = params.role ?? node.role
  const availability = params.availability ?? node.availability
  const wanted = params.labels ?? {}
  const add = Object.entries(wanted).filter(([key, value]) => node.labels[key] !== value)
  const remove = Object.keys(node.labels).filter(
    (key) =>
      !(key in wanted) &&
      (params.labels_to_remove.includes(key) || (params.labels_state === 'replace' && params.labels !== undefined)),
  )

  const settings = [
    ...(role === node.role ? [] : [`role ${role}`]),
    ...(availability === node.availability ? [] : [`availability ${availability}`]),
    ...add.map(([key, value]) => `label ${key}=${value}`),
    ...remove.map((key) => `remove label ${key}`),
  ]
  if (settings.length === 0) return []
  const labels = Object.fromEntries([...Object.entries(node.labels).filter(([key]) => !remove.includes(key)), ...add])
  const flags = [
    ...(role === node.role ? [] : ['--role', role]),
    ...(availability === node.availability ? [] : ['--availability', availability]),
    ...remove.flatMap((key) => ['--label-rm', key]),
    ...add.flatMap(([key, value]) => ['--label-add', `${key}=${value}`]),
  ]
  return [
    {
      description: `update node ${node.hostname}: ${settings.join(', ')}`,
      script: [
        retried(sh`docker node update ${flags} ${node.id}`),
        // A promoted node counts only once the other managers can reach it.
        ...(role === 'manager' && node.role === 'worker'
          ? [
              waitFor(
                `/nodes/${node.id}`,
                '"Reachability":"reachable"',
                60,
                `${node.hostname} did not become a reachable manager within a minute`,
              ),
            ]
          : []),
      ].join('\n'),
      diff: {
        subject: `node ${node.hostname}`,
        before: describe(node),
        after: describe({ ...node, role, availability, labels }),
      },
    },
  ]
}

/**
 * Retries what Docker refuses temporarily: an update overtaken by a heartbeat, the removal of a manager whose demotion
 * is not complete.
 */
const retried = (command: string): string =>
  sh`
lb_tries=0
until lb_said=$(${raw(command)} 2>&1); do
  case $lb_said in *'update out of sequence'*|*'member of the raft cluster'*) ;; *) printf '%s\n' "$lb_said" >&2; exit 1 ;; esac
  lb_tries=$((lb_tries + 1)); [ "$lb_tries" -lt 10 ] || { printf '%s\n' "$lb_said" >&2; exit 1; }
  sleep 1
done`.trim()

const removeChange = (node: SwarmNode): Change => ({
  description: `remove node ${node.hostname} (${node.id})`,
  script: [
    // Docker does not remove managers, not even if they are down.
    ...(node.role === 'manager' ? [retried(sh`docker node update --role worker ${node.id}`)] : []),
    retried(sh`docker node rm --force ${node.id}`),
  ].join('\n'),
})

const describe = ({ role, availability, labels }: Pick<SwarmNode, 'role' | 'availability' | 'labels'>): string =>
  [
    `role: ${role}`,
    `availability: ${availability}`,
    ...Object.entries(labels)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, value]) => `label ${key}: ${value}`),
    '',
  ].join('\n')
