import { setTimeout as sleep } from 'node:timers/promises'
import { experiment, onHosts, type ExperimentContext } from '../../src/labbook.ts'
import type { Endpoint } from '../app/client.ts'
import { doorTo } from '../lab/address.ts'
import { askInTurn, table, Visitor, type Tally } from './client.ts'
import { APPS, balancerVars, STACK } from './stack.ts'

const LOOKS = 30
/** So long requests go on after a replica was stopped. */
const AFTER_STOP_SECONDS = 6

const API = '/api/counter'
const pathOf = (app: (typeof APPS)[number]): string => `/${app.path}${API}`

/** Every node's balancer, as seen from this machine. */
function doorsOf({ groups, hostvars }: Pick<ExperimentContext, 'groups' | 'hostvars'>): Endpoint[] {
  return (groups.swarm ?? []).map((name) => {
    const vars = hostvars(name)
    return doorTo(vars, name, balancerVars(vars).port)
  })
}

/** Do two apps stand behind one balancer, and what does it do when one of their replicas is stopped? */
export const balancerProof = experiment(
  'Two apps behind one balancer',
  {
    hosts: 'swarm_managers[0]',
    tags: ['balancer', 'proof'],
    // Of which node is known only when Swarm has placed them.
    disturbs: ({ groups }) =>
      onHosts(groups.swarm ?? [], `a replica of ${APPS[0].path} on one of the nodes is stopped`),
    hypothesis:
      'The balancer tells requests apart by their path, knows which replicas are well, and keeps clients with one of them only if asked to.',
    proves: {
      'balancer.paths': 'Each path leads to its own app, through the balancer of every node',
      'balancer.sticky':
        'A client that keeps its cookies stays with one replica if that is asked for, and is spread over all if not',
      'balancer.health': 'A replica that is stopped gets no more requests, and none fails',
    },
  },
  async (on) => {
    const settings = balancerVars(on.hostvars(on.hosts[0] as string))
    const doors = doorsOf(on)
    await ready(on, doors, settings.replicas)
    await paths(on, doors)
    await stays(on, doors, settings)
    await stopped(on, doors)
  },
)

/** Waits until every balancer reaches every replica: what is seen before is the deploy. */
async function ready(on: ExperimentContext, doors: readonly Endpoint[], replicas: number): Promise<void> {
  const command = `docker stack services ${STACK} --format '{{.Name}} {{.Replicas}}'
docker service inspect $(docker stack services -q ${STACK}) --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}'`
  const whole = (stdout: string): boolean =>
    !/^(updating|rollback_started)$/m.test(stdout) &&
    [...stdout.matchAll(/ (\d+)\/(\d+)/g)].every(([, running, wanted]) => running === wanted)
  const { reached } = await on.watch({
    title: "The balancer's stack is settled",
    command,
    within: 240,
    until: ({ stdout, exitCode }) => exitCode === 0 && whole(stdout),
  })
  if (!reached)
    throw new Error(
      `the stack did not settle within ${240 * on.slowdown} s: see the exhibit "The balancer's stack is settled"`,
    )
  for (let tries = 0; tries < 30; tries++) {
    const seen = await Promise.all(
      doors.flatMap((door) =>
        APPS.map(async (app) => {
          // Without cookies each request is a new client.
          const { answers, errors } = await askInTurn(
            new Visitor({ cookies: false }),
            [door],
            pathOf(app),
            replicas * 4,
          )
          return errors.length === 0 && new Set(answers.map(({ replica }) => replica)).size === replicas
        }),
      ),
    )
    if (seen.every(Boolean)) return
    await sleep(1000, undefined, { signal: on.signal })
  }
  on.notice('not every balancer reached every replica within 30 looks: what follows shows how far it is', 'warning')
}

const record = (
  on: ExperimentContext,
  title: string,
  what: string,
  doors: readonly Endpoint[],
  tally: Tally,
  started: number,
) =>
  on.record({
    title,
    command: `${what} at ${doors.map(({ host, port }) => `http://${host}:${port}`).join(' ')}`,
    stdout: table(tally),
    durationMs: Date.now() - started,
  })

const replicasIn = ({ answers }: Tally): string[] => [...new Set(answers.map(({ replica }) => replica))].sort()

async function paths(on: ExperimentContext, doors: readonly Endpoint[]): Promise<void> {
  const seen = []
  for (const app of APPS) {
    const started = Date.now()
    const tally = await askInTurn(new Visitor({ cookies: false }), doors, pathOf(app), LOOKS)
    seen.push({
      app,
      tally,
      exhibit: record(
        on,
        `Who answers below /${app.path}`,
        `GET ${pathOf(app)}, ${LOOKS} times in turn`,
        doors,
        tally,
        started,
      ),
    })
  }
  // Each app has a number of its own: to count in one must leave the other's alone.
  const visitor = new Visitor({ cookies: false })
  const counts = async (): Promise<number[]> =>
    await Promise.all(APPS.map(async (app) => (await visitor.ask(doors[0] as Endpoint, 'GET', pathOf(app))).count))
  const before = await counts()
  await visitor.ask(doors[0] as Endpoint, 'POST', `${pathOf(APPS[0])}/increment`)
  const after = await counts()
  const [first = [], second = []] = seen.map(({ tally }) => replicasIn(tally))
  const apart = first.length > 0 && second.length > 0 && first.every((replica) => !second.includes(replica))
  const counted = after[0] === (before[0] ?? 0) + 1 && after[1] === before[1]
  const failed = seen.reduce((sum, { tally }) => sum + tally.errors.length, 0)
  const through = new Set(seen.flatMap(({ tally }) => tally.answers.map(({ balancerNode }) => balancerNode)))
  on.finding('balancer.paths', {
    holds: apart && counted && failed === 0 && through.size === doors.length,
    evidence: seen.map(({ exhibit }) => exhibit),
    detail:
      `/app1 by ${first.length} replicas, /app2 by ${second.length} others, through ${through.size} of ${doors.length} balancers; ` +
      `one increment took /app1 from ${before[0]} to ${after[0]} and /app2 from ${before[1]} to ${after[1]}; ${failed} requests failed`,
  })
}

async function stays(
  on: ExperimentContext,
  doors: readonly Endpoint[],
  { sticky, replicas }: { sticky: boolean; replicas: number },
): Promise<void> {
  const [app] = APPS
  const started = Date.now()
  const one = await askInTurn(new Visitor({ cookies: true }), doors, pathOf(app), LOOKS)
  const ofOne = record(
    on,
    'One client with its cookies',
    `GET ${pathOf(app)}, ${LOOKS} times by one client that keeps its cookies, in turn`,
    doors,
    one,
    started,
  )
  const againStarted = Date.now()
  const many = await askInTurn(new Visitor({ cookies: false }), doors, pathOf(app), LOOKS)
  const ofMany = record(
    on,
    'As many clients as requests',
    `GET ${pathOf(app)}, ${LOOKS} times by a new client each, in turn`,
    doors,
    many,
    againStarted,
  )
  const [forOne, forMany] = [replicasIn(one).length, replicasIn(many).length]
  const failed = one.errors.length + many.errors.length
  on.finding('balancer.sticky', {
    holds: replicas < 2 ? null : failed === 0 && forMany > 1 && (sticky ? forOne === 1 : forOne > 1),
    evidence: [ofOne, ofMany],
    detail:
      replicas < 2
        ? 'with one replica there is no telling'
        : `balancer_sticky is ${String(sticky)}: one client was answered by ${forOne} of ${replicas} replicas, ${LOOKS} clients by ${forMany}; ${failed} requests failed`,
  })
}

async function stopped(on: ExperimentContext, doors: readonly Endpoint[]): Promise<void> {
  const [app] = APPS
  const where = await on.exhibit({
    title: `Replicas of ${app.path}`,
    command: `docker service ps ${STACK}_${app.service} -q --filter desired-state=running | xargs docker inspect --format '{{.NodeID}} {{.Status.ContainerStatus.ContainerID}}' |
while read -r node container; do echo "$(docker node inspect "$node" --format '{{.Description.Hostname}}') $container"; done`,
  })
  const [line = ''] = where.stdout.trim().split('\n')
  const [node, container] = line.split(' ')
  if (node === undefined || container === undefined || container === '')
    throw new Error(`no replica of ${app.path} was found to stop`)
  const victim = container.slice(0, 12)

  const before: Tally = { answers: [], errors: [] }
  const tallies = { before, after: before }
  let stoppedAt: number | undefined
  let ended = false
  const started = Date.now()
  const asking = (async () => {
    const visitor = new Visitor({ cookies: false })
    for (let n = 0; !ended && !on.signal.aborted; n++) {
      const isAfter = stoppedAt !== undefined
      const one = await askInTurn(visitor, [doors[n % doors.length] as Endpoint], pathOf(app), 1)
      const key = isAfter ? 'after' : 'before'
      tallies[key] = {
        answers: [...tallies[key].answers, ...one.answers],
        errors: [...tallies[key].errors, ...one.errors],
      }
      await sleep(20)
    }
  })()
  let stop
  try {
    await sleep(1000, undefined, { signal: on.signal })
    // Swarm starts another in its place by itself: there is nothing to put back.
    stop = await on.exhibit({
      title: `Stop a replica of ${app.path}`,
      host: node,
      command: `docker stop --time 5 ${container}`,
      timeout: 30,
    })
    stoppedAt = Date.now()
    await sleep(AFTER_STOP_SECONDS * 1000, undefined, { signal: on.signal })
  } finally {
    ended = true
    await asking
  }
  const during = record(
    on,
    'Requests until the replica was stopped',
    `GET ${pathOf(app)} again and again, in turn`,
    doors,
    tallies.before,
    started,
  )
  const then = record(
    on,
    'Requests after the replica was stopped',
    `GET ${pathOf(app)} again and again, in turn`,
    doors,
    tallies.after,
    stoppedAt,
  )
  const late = tallies.after.answers.filter(({ replica }) => replica === victim).length
  const had = tallies.before.answers.filter(({ replica }) => replica === victim).length
  const failed = tallies.before.errors.length + tallies.after.errors.length
  on.finding('balancer.health', {
    holds: stop.exitCode !== 0 || tallies.after.answers.length === 0 ? null : late === 0 && failed === 0,
    evidence: [where, stop, during, then],
    detail:
      `replica ${victim} on ${node} gave ${had} of ${tallies.before.answers.length} answers before and while it was stopped, and ${late} of ` +
      `${tallies.after.answers.length} in the ${AFTER_STOP_SECONDS} s after; ${failed} requests failed`,
    measured: { 'failed requests': [failed, ''] },
  })
}
