import { setTimeout as sleep } from 'node:timers/promises'
import { experiment, type CareContext, type ExperimentContext } from '../../src/labbook.ts'
import { callMany, type Answers, type Endpoint } from './client.ts'
import { doorTo } from '../lab/address.ts'
import { appVars, STACK } from './stack.ts'

export const LOOKS = 80
export const INCREMENTS = 200
export const CLIENTS = 10

/** Every node's door to the app, as seen from this machine. Default: of the nodes of the Swarm. */
export function endpoints(
  { groups, hostvars }: Pick<CareContext, 'groups' | 'hostvars'>,
  nodes = groups.swarm ?? [],
): Endpoint[] {
  return nodes.map((name) => {
    const vars = hostvars(name)
    return doorTo(vars, name, appVars(vars).counter_port)
  })
}

const RUNNING = `docker service ps ${STACK}_counter --filter desired-state=running --format '{{.Name}} {{.Node}} {{.CurrentState}}'`

/** Waits until as many replicas run as were asked for. */
export const replicasRun = async (on: CareContext, title: string) => {
  const wanted = appVars(on.hostvars(on.hosts[0] as string)).counter_replicas
  const watched = await on.watch({
    title,
    awaits: `${wanted} running replicas`,
    command: RUNNING,
    within: 180,
    until: ({ stdout }) => stdout.split('\n').filter((line) => / Running /.test(line)).length >= wanted,
  })
  return { ...watched, wanted }
}

const SETTLED = `docker stack services ${STACK} --format '{{.Name}} {{.Replicas}}'
docker service inspect $(docker stack services -q ${STACK}) --format '{{.Spec.Name}} {{if .UpdateStatus}}{{.UpdateStatus.State}}{{else}}steady{{end}}'`

/** How long the doors may take to open once every task of a deploy runs. */
const DOORS_SECONDS = 60

/**
 * Waits until a deploy has come to its end: no update under way, every service with all its tasks, every door open.
 * What is measured before that is the deploy, not the app.
 *
 * @returns why requests still failed when doors had their time; nothing where every door is open.
 * @throws when the stack does not come to its end.
 */
export async function settled(on: CareContext): Promise<readonly string[]> {
  const doors = endpoints(on)
  const whole = (stdout: string): boolean =>
    !/ (updating|rollback_started)$/m.test(stdout) &&
    [...stdout.matchAll(/ (\d+)\/(\d+)/g)].every(([, running, wanted]) => running === wanted)
  for (let seen = 0, giveUpAt = Infinity; ; ) {
    const { reached } = await on.watch({
      title: 'The stack is settled',
      awaits: 'the deploy to complete',
      command: SETTLED,
      within: 240,
      until: ({ stdout, exitCode }) => exitCode === 0 && whole(stdout),
    })
    if (!reached)
      throw new Error(`the stack did not settle within ${240 * on.slowdown} s: see the exhibit "The stack is settled"`)
    giveUpAt = Math.min(giveUpAt, Date.now() + DOORS_SECONDS * on.slowdown * 1000)
    const { errors } = await callMany(doors, 'GET', '/api/counter', { total: doors.length * 3, clients: doors.length })
    seen = errors.length === 0 ? seen + 1 : 0
    if (seen === 2 || Date.now() > giveUpAt) return errors
    await sleep(1000, undefined, { signal: on.signal })
  }
}

/** Is the Swarm whole? */
export const swarmProof = experiment(
  'The Swarm is whole',
  {
    hosts: 'swarm_managers[0]',
    tags: ['swarm', 'proof'],
    disturbs: false,
    proves: { 'swarm.nodes.ready': 'Every node of the inventory is a member of the Swarm, ready and active' },
  },
  async (on) => {
    const wanted = on.groups.swarm ?? []
    const { exhibit } = await on.watch({
      title: 'Swarm nodes',
      awaits: 'all nodes to be Ready and Active',
      command: 'docker node ls',
      until: ({ stdout }) => wanted.every((name) => new RegExp(`\\s${name}\\s+Ready\\s+Active\\b`).test(stdout)),
      within: 60,
    })
    const ready = wanted.filter((name) => new RegExp(`\\s${name}\\s+Ready\\s+Active\\b`).test(exhibit.stdout))
    on.finding('swarm.nodes.ready', {
      holds: ready.length === wanted.length,
      evidence: [exhibit],
      detail: `${ready.length} of ${wanted.length} nodes are ready and active`,
    })
  },
)

/** Does the app work, seen from outside? */
export const appProof = experiment(
  'The app answers from outside',
  {
    hosts: 'swarm_managers[0]',
    tags: ['app', 'proof'],
    // It counts in the demo's own counter, and sends a few hundred requests.
    disturbs: false,
    proves: {
      'app.replicas.answer': 'All replicas answer requests from outside',
      'app.counter.counts': 'N increments by parallel clients add exactly N',
    },
  },
  async (on) => {
    await settled(on)
    const { wanted, exhibit: running } = await replicasRun(on, 'Replicas run')
    const services = await on.exhibit({
      title: 'Services of the stack',
      command: `docker stack services ${STACK} --format 'table {{.Name}}\\t{{.Mode}}\\t{{.Replicas}}\\t{{.Ports}}'`,
    })
    if (services.stdout.includes(`${STACK}_gateway`)) {
      on.notice(
        "a node's kernel has no IPVS, so the routing mesh cannot carry traffic; DNS round robin and a gateway on every node serve instead",
        'warning',
      )
    }
    const doors = endpoints(on)
    const looked = await look(on, doors)
    const replicas = new Set(looked.answers.map(({ replica }) => replica))
    on.finding('app.replicas.answer', {
      holds: replicas.size >= wanted && looked.errors.length === 0,
      evidence: [running, services, looked.exhibit],
      detail: `${replicas.size} distinct replicas in ${looked.answers.length} answers of ${LOOKS} requests through ${doors.length} nodes`,
    })
    const counted = await increments(on, doors)
    on.finding('app.counter.counts', {
      holds: counted.errors === 0 && counted.added === INCREMENTS,
      evidence: [counted.exhibit],
      detail: `${INCREMENTS} increments by ${CLIENTS} parallel clients added ${counted.added}; ${counted.errors} failed`,
    })
  },
)

const doorList = (doors: readonly Endpoint[]): string =>
  doors.map(({ host, port }) => `http://${host}:${port}`).join(' ')

/** Asks for the count many times over, and records who answered. */
export async function look(on: ExperimentContext, doors: readonly Endpoint[], title = 'Who answers from outside') {
  const started = Date.now()
  const { answers, errors } = await callMany(doors, 'GET', '/api/counter', { total: LOOKS, clients: 4 })
  const exhibit = on.record({
    title,
    command: `GET /api/counter, ${LOOKS} times in turn at ${doorList(doors)}`,
    stdout: tally(answers, errors),
    durationMs: Date.now() - started,
  })
  return { answers, errors, exhibit }
}

/** Many increments at a time: how many there were, by the counter itself. */
export async function increments(on: ExperimentContext, doors: readonly Endpoint[]) {
  const started = Date.now()
  const count = async (): Promise<number> =>
    (await callMany(doors.slice(0, 1), 'GET', '/api/counter', { total: 1, clients: 1 })).answers[0]?.count ?? Number.NaN
  const before = await count()
  const { answers, errors } = await callMany(doors, 'POST', '/api/counter/increment', {
    total: INCREMENTS,
    clients: CLIENTS,
  })
  const after = await count()
  const exhibit = on.record({
    title: 'Parallel increments',
    command: `POST /api/counter/increment, ${INCREMENTS} times by ${CLIENTS} clients at ${doorList(doors)}`,
    stdout: `count before: ${before}\ncount after:  ${after}\nadded:        ${after - before}\n\n${tally(answers, errors)}`,
    durationMs: Date.now() - started,
  })
  return { added: after - before, errors: errors.length, exhibit }
}

function tally(answers: Answers['answers'], errors: Answers['errors']): string {
  const rows = new Map<string, number>()
  for (const { replica, node } of answers)
    rows.set(`${node.padEnd(12)} ${replica}`, (rows.get(`${node.padEnd(12)} ${replica}`) ?? 0) + 1)
  const failed = new Map<string, number>()
  for (const error of errors) failed.set(error, (failed.get(error) ?? 0) + 1)
  return [
    `${'NODE'.padEnd(12)} ${'REPLICA'.padEnd(14)} ANSWERS`,
    ...[...rows].sort(([a], [b]) => a.localeCompare(b)).map(([row, n]) => `${row.padEnd(27)} ${n}`),
    `failed requests: ${errors.length}`,
    ...[...failed].map(([error, n]) => `  ${n} x ${error}`),
  ].join('\n')
}
