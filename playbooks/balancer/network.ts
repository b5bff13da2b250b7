import { type Exhibit, type MessageValue, type Text } from 'labbook'
import {
  type LabChart,
  type LabContext,
  type LabText,
  say,
  verbatim,
  tableOf,
  lines,
  joinTexts,
} from '../messages/say.ts'
import { nodeAddress } from '../lab/address.ts'
import { APPS, balancerSettings, STACK } from './stack.ts'

/** The tasks of a service of the stack, as `docker stack ps` lists them: `balancer_app1.2 node3`. */
interface Task {
  readonly service: string
  readonly node: string
}

export const parseTasks = (stdout: string): Task[] =>
  stdout.split('\n').flatMap((line) => {
    const [, service, node] = new RegExp(`^${STACK}_(\\w+)\\.\\S+ (\\S+)`).exec(line) ?? []
    return service === undefined || node === undefined ? [] : [{ service, node }]
  })

/** `2 × node1` for each node with tasks of the service. */
function placementOf(service: string, tasks: readonly Task[]): LabText[] {
  const counts = new Map<string, number>()
  for (const task of tasks) if (task.service === service) counts.set(task.node, (counts.get(task.node) ?? 0) + 1)
  return [...counts].toSorted(([a], [b]) => a.localeCompare(b)).map(([node, count]) => verbatim(`${count} × ${node}`))
}

/** Records how the nodes, their balancers and the apps are connected, by the inventory and the placement. */
export async function recordNetwork(on: LabContext): Promise<Exhibit> {
  const placement = await on.exhibit({
    title: 'Tasks of the balancer stack',
    command: `docker stack ps ${STACK} --filter desired-state=running --format '{{.Name}} {{.Node}}'`,
  })
  const chart = networkOf(on, parseTasks(placement.stdout))
  return on.record({
    title: 'Network of the load balancer',
    command: 'addresses and ports of the inventory, placement of docker stack ps',
    stdout: lines(
      tableOf([
        [say('BOX'), say('WHERE')],
        ...chart.rows.flatMap(({ boxes }) => boxes.map((box) => [box.name, joinTexts(box.lines.map(asMessage))])),
      ]),
      '',
      tableOf([
        [say('FROM'), say('TO'), say('BY')],
        ...chart.links.map(({ from, to, label = '' }) => [from, to, asMessage(label)]),
      ]),
    ),
    durationMs: placement.durationMs,
    chart,
  })
}

/** A text without values is its own key. */
const asMessage = (text: Text): MessageValue => (typeof text === 'string' ? { id: text, values: {} } : text)

/** The network: clients, a balancer on each node, the apps, their database. */
export function networkOf(
  on: Pick<LabContext, 'groups' | 'hostvars'>,
  tasks: readonly Task[],
): Extract<LabChart, { kind: 'network' }> {
  const balancers = (on.groups.swarm ?? []).map((node) => {
    const { kind, port } = balancerSettings(on.hostvars(node))
    return {
      name: `${kind} on ${node}`,
      title: verbatim(node),
      lines: [verbatim(kind), verbatim(`${nodeAddress(on, node)}:${port}`)],
    }
  })
  const apps = APPS.map(({ service, port }) => ({
    name: service,
    lines: [say('port {port}, not published', { port }), ...placementOf(service, tasks)],
  }))
  const redis = { name: 'redis', lines: placementOf('redis', tasks) }
  return {
    kind: 'network',
    title: 'Network of the load balancer',
    rows: [
      { label: 'clients', boxes: [{ name: 'clients', lines: ['any node' as const] }] },
      { label: 'a load balancer on a port of each node', boxes: balancers },
      { label: 'overlay network: apps', boxes: apps },
      { label: 'overlay network: database', boxes: [redis] },
    ],
    links: [
      ...balancers.map(({ name }) => ({ from: 'clients', to: name })),
      ...balancers.flatMap(({ name }, i) =>
        // The text once: links of the other balancers mean the same.
        APPS.map(({ service, path }) => ({ from: name, to: service, ...(i === 0 ? { label: `/${path}` } : {}) })),
      ),
      ...apps.map(({ name }) => ({ from: name, to: redis.name })),
    ],
  }
}
