import { setTimeout as sleep } from 'node:timers/promises'
import { disturbAll, MessageError, type Message } from 'labbook'
import { labExperiment, type LabContext, say, type LabText } from '../messages/say.ts'
import type { Endpoint } from '../shared/http-request.ts'
import { distinctReplicas, requestRoundRobin, responseTable, CookieClient, type RequestTally } from './client.ts'
import { balancerEndpoints, pathOf } from './endpoints.ts'
import { recordNetwork } from './network.ts'
import { APPS, balancerSettings, STACK } from './stack.ts'

const REQUESTS = 30
/** How long requests continue after a replica stops. */
const AFTER_STOP_SECONDS = 6

/** Checks routing, sticky sessions and health checks of the balancer. */
export const balancerProof = labExperiment(
  'Check load balancer',
  {
    hosts: 'swarm_managers[0]',
    tags: ['balancer', 'proof'],
    // Swarm chooses the node at run time.
    disturbs: ({ groups }) =>
      disturbAll(groups.swarm ?? [], `a replica of ${APPS[0].path} on one of the nodes is stopped`),
    hypothesis:
      'The balancer routes requests by path, sends none to unhealthy replicas, and keeps a client on one replica only with sticky sessions.',
    assertions: {
      'balancer.paths': 'Each path is routed to its own app by the balancer of every node',
      'balancer.sticky':
        'A client with cookies stays on one replica with sticky sessions, and reaches all replicas without',
      'balancer.health': 'A stopped replica receives no requests, and no request fails',
    },
  },
  async (on) => {
    const settings = balancerSettings(on.hostvars(on.hosts[0] as string))
    const endpoints = balancerEndpoints(on)
    await waitForBalancer(on, endpoints, settings.replicas)
    await checkPaths(on, endpoints)
    await checkSticky(on, endpoints, settings)
    await checkHealth(on, endpoints)
  },
)

/** Waits until every balancer reaches every replica. Earlier results would show the deploy. */
async function waitForBalancer(on: LabContext, endpoints: readonly Endpoint[], replicas: number): Promise<void> {
  const command = `docker stack services ${STACK} --format '{{.Name}} {{.Replicas}}'
docker service inspect $(docker stack services -q ${STACK}) --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}'`
  const isConverged = (stdout: string): boolean =>
    !/^(updating|rollback_started)$/m.test(stdout) &&
    [...stdout.matchAll(/ (\d+)\/(\d+)/g)].every(([, running, wanted]) => running === wanted)
  const { reached } = await on.watch({
    title: 'Balancer stack convergence',
    command,
    within: 240,
    until: ({ stdout, exitCode }) => exitCode === 0 && isConverged(stdout),
  })
  if (!reached)
    throw new MessageError(
      say('the stack did not converge within {within} s: see the exhibit "Balancer stack convergence"', {
        within: 240 * on.timeoutMultiplier,
      }),
    )
  for (let tries = 0; tries < 30; tries++) {
    const complete = await Promise.all(
      endpoints.flatMap((endpoint) =>
        APPS.map(async (app) => {
          // Without cookies, each request counts as a new client.
          const { answers, errors } = await requestRoundRobin(
            new CookieClient({ cookies: false }),
            [endpoint],
            pathOf(app),
            replicas * 4,
          )
          return errors.length === 0 && new Set(answers.map(({ replica }) => replica)).size === replicas
        }),
      ),
    )
    if (complete.every(Boolean)) return
    await sleep(1000, undefined, { signal: on.signal })
  }
  on.log('not every balancer reached every replica within 30 attempts: results may show the deploy', 'warning')
}

const record = (
  on: LabContext,
  title: LabText,
  what: Message,
  endpoints: readonly Endpoint[],
  tally: RequestTally,
  started: number,
) =>
  on.record({
    title,
    command: say('{requests} at {urls}', {
      requests: what,
      urls: endpoints.map(({ host, port }) => `http://${host}:${port}`).join(' '),
    }),
    stdout: responseTable(tally),
    durationMs: Date.now() - started,
  })

async function checkPaths(on: LabContext, endpoints: readonly Endpoint[]): Promise<void> {
  const network = await recordNetwork(on)
  const results = []
  for (const app of APPS) {
    const started = Date.now()
    const tally = await requestRoundRobin(new CookieClient({ cookies: false }), endpoints, pathOf(app), REQUESTS)
    results.push({
      app,
      tally,
      exhibit: record(
        on,
        say('Responding replicas at /{path}', { path: app.path }),
        say('{request}, {n|time|times}, round robin', { request: `GET ${pathOf(app)}`, n: REQUESTS }),
        endpoints,
        tally,
        started,
      ),
    })
  }
  // Each app has its own counter: an increment in one must not change the other.
  const client = new CookieClient({ cookies: false })
  const counts = async (): Promise<number[]> =>
    await Promise.all(
      APPS.map(async (app) => (await client.request(endpoints[0] as Endpoint, 'GET', pathOf(app))).count),
    )
  const before = await counts()
  await client.request(endpoints[0] as Endpoint, 'POST', `${pathOf(APPS[0])}/increment`)
  const after = await counts()
  const [first = [], second = []] = results.map(({ tally }) => distinctReplicas(tally))
  const apart = first.length > 0 && second.length > 0 && first.every((replica) => !second.includes(replica))
  const counted = after[0] === (before[0] ?? 0) + 1 && after[1] === before[1]
  const failed = results.reduce((sum, { tally }) => sum + tally.errors.length, 0)
  const through = new Set(results.flatMap(({ tally }) => tally.answers.map(({ balancerNode }) => balancerNode)))
  on.finding('balancer.paths', {
    holds: apart && counted && failed === 0 && through.size === endpoints.length,
    evidence: [network, ...results.map(({ exhibit }) => exhibit)],
    detail: say(
      '/app1 reached {first} replicas, /app2 {second} others, through {through} of {endpoints} balancers; after one increment at /app1 its count went from {before} to {after}, that of /app2 from {otherBefore} to {otherAfter}; {failed} requests failed',
      {
        first: first.length,
        second: second.length,
        through: through.size,
        endpoints: endpoints.length,
        before: before[0] ?? Number.NaN,
        after: after[0] ?? Number.NaN,
        otherBefore: before[1] ?? Number.NaN,
        otherAfter: after[1] ?? Number.NaN,
        failed,
      },
    ),
  })
}

async function checkSticky(
  on: LabContext,
  endpoints: readonly Endpoint[],
  { sticky, replicas }: { sticky: boolean; replicas: number },
): Promise<void> {
  const [app] = APPS
  const started = Date.now()
  const one = await requestRoundRobin(new CookieClient({ cookies: true }), endpoints, pathOf(app), REQUESTS)
  const ofOne = record(
    on,
    'One client with cookies',
    say('{request}, {n|time|times} by one client with cookies, round robin', {
      request: `GET ${pathOf(app)}`,
      n: REQUESTS,
    }),
    endpoints,
    one,
    started,
  )
  const againStarted = Date.now()
  const many = await requestRoundRobin(new CookieClient({ cookies: false }), endpoints, pathOf(app), REQUESTS)
  const ofMany = record(
    on,
    'A new client per request',
    say('{request}, {n|time|times} by a new client each, round robin', {
      request: `GET ${pathOf(app)}`,
      n: REQUESTS,
    }),
    endpoints,
    many,
    againStarted,
  )
  const [forOne, forMany] = [distinctReplicas(one).length, distinctReplicas(many).length]
  const failed = one.errors.length + many.errors.length
  on.finding('balancer.sticky', {
    holds: replicas < 2 ? null : failed === 0 && forMany > 1 && (sticky ? forOne === 1 : forOne > 1),
    evidence: [ofOne, ofMany],
    detail:
      replicas < 2
        ? say('inconclusive: needs at least two replicas')
        : say(
            'balancer_sticky is {sticky}: one client reached {forOne} of {replicas} replicas, {requests} clients reached {forMany}; {failed} requests failed',
            { sticky: String(sticky), forOne, replicas, requests: REQUESTS, forMany, failed },
          ),
  })
}

async function checkHealth(on: LabContext, endpoints: readonly Endpoint[]): Promise<void> {
  const [app] = APPS
  const placement = await on.exhibit({
    title: say('Replicas of {path}', { path: app.path }),
    command: `docker service ps ${STACK}_${app.service} -q --filter desired-state=running | xargs docker inspect --format '{{.NodeID}} {{.Status.ContainerStatus.ContainerID}}' |
while read -r node container; do echo "$(docker node inspect "$node" --format '{{.Description.Hostname}}') $container"; done`,
  })
  const [line = ''] = placement.stdout.trim().split('\n')
  const [node, container] = line.split(' ')
  if (node === undefined || container === undefined || container === '')
    throw new MessageError(say('found no running replica of {path}', { path: app.path }))
  const targetReplica = container.slice(0, 12)

  const before: RequestTally = { answers: [], errors: [] }
  const tallies = { before, after: before }
  let stoppedAt: number | undefined
  const ended = new AbortController()
  const started = Date.now()
  const requests = (async () => {
    const client = new CookieClient({ cookies: false })
    for (let n = 0; !ended.signal.aborted && !on.signal.aborted; n++) {
      const isAfter = stoppedAt !== undefined
      const one = await requestRoundRobin(client, [endpoints[n % endpoints.length] as Endpoint], pathOf(app), 1)
      const key = isAfter ? 'after' : 'before'
      tallies[key] = {
        answers: [...tallies[key].answers, ...one.answers],
        errors: [...tallies[key].errors, ...one.errors],
      }
      await sleep(20)
    }
  })()
  let stopResult
  try {
    await sleep(1000, undefined, { signal: on.signal })
    // No rollback needed: Swarm starts a replacement.
    stopResult = await on.exhibit({
      title: say('Stop a replica of {path}', { path: app.path }),
      host: node,
      command: `docker stop --time 5 ${container}`,
      timeout: 30,
    })
    stoppedAt = Date.now()
    await sleep(AFTER_STOP_SECONDS * 1000, undefined, { signal: on.signal })
  } finally {
    ended.abort()
    await requests
  }
  const during = record(
    on,
    'Requests before the replica stopped',
    say('{request} repeatedly, round robin', { request: `GET ${pathOf(app)}` }),
    endpoints,
    tallies.before,
    started,
  )
  const afterwards = record(
    on,
    'Requests after the replica stopped',
    say('{request} repeatedly, round robin', { request: `GET ${pathOf(app)}` }),
    endpoints,
    tallies.after,
    stoppedAt,
  )
  const late = tallies.after.answers.filter(({ replica }) => replica === targetReplica).length
  const had = tallies.before.answers.filter(({ replica }) => replica === targetReplica).length
  const failed = tallies.before.errors.length + tallies.after.errors.length
  on.finding('balancer.health', {
    holds: stopResult.exitCode !== 0 || tallies.after.answers.length === 0 ? null : late === 0 && failed === 0,
    evidence: [placement, stopResult, during, afterwards],
    detail: say(
      '{failed} requests failed; replica {targetReplica} on {node} sent {had} of {before} responses until it stopped, and {late} of {after} in the {seconds} s after',
      {
        failed,
        targetReplica,
        node,
        had,
        before: tallies.before.answers.length,
        late,
        after: tallies.after.answers.length,
        seconds: AFTER_STOP_SECONDS,
      },
    ),
    measured: { 'failed requests': [failed, ''] },
  })
}
