import { setTimeout as sleep } from 'node:timers/promises'
import { MessageError, type MessageList } from 'labbook'
import {
  labExperiment,
  type LabContext,
  say,
  type LabSetupContext,
  type LabText,
  tableOf,
  lines,
} from '../messages/say.ts'
import { callMany, type CallResults } from './client.ts'
import type { Endpoint } from '../shared/http-request.ts'
import { endpointOf } from '../lab/address.ts'
import { COMPOSE_FILE, STACK } from './stack.ts'
import { appVars } from './vars.ts'

export const REQUESTS = 80
export const INCREMENTS = 200
export const CLIENTS = 10

/** The app's endpoint on each node, as this machine reaches it. Default: all Swarm nodes. */
export function endpoints(
  { groups, hostvars }: Pick<LabSetupContext, 'groups' | 'hostvars'>,
  nodes = groups.swarm ?? [],
): Endpoint[] {
  return nodes.map((name) => {
    const vars = hostvars(name)
    return endpointOf(vars, name, appVars.read(vars, name).counter_port)
  })
}

const RUNNING = `docker service ps ${STACK}_counter --filter desired-state=running --format '{{.Name}} {{.Node}} {{.CurrentState}}'`

/** Waits until the configured number of replicas run. */
export const watchReplicas = async (on: LabSetupContext, title: LabText) => {
  const wanted = appVars.read(on.hostvars(on.hosts[0] as string)).counter_replicas
  const watched = await on.watch({
    title,
    waitingFor: `${wanted} running replicas`,
    command: RUNNING,
    within: 180,
    until: ({ stdout }) => stdout.split('\n').filter((line) => / Running /.test(line)).length >= wanted,
  })
  return { ...watched, wanted }
}

const SETTLED = `docker stack services ${STACK} --format '{{.Name}} {{.Replicas}}'
docker service inspect $(docker stack services -q ${STACK}) --format '{{.Spec.Name}} {{if .UpdateStatus}}{{.UpdateStatus.State}}{{else}}steady{{end}}'`

/** Time for all endpoints to respond once every task of a deploy runs. */
const ENDPOINTS_SECONDS = 60

/**
 * Waits for the stack to converge: no update in progress, all tasks of all services running, all endpoints responding.
 * Earlier measurements would show the deploy, not the app.
 *
 * @returns errors of requests that still failed at the timeout; empty if all endpoints respond.
 * @throws if the stack does not converge.
 */
export async function waitForStack(on: LabSetupContext): Promise<readonly string[]> {
  const targets = endpoints(on)
  const isConverged = (stdout: string): boolean =>
    !/ (updating|rollback_started)$/m.test(stdout) &&
    [...stdout.matchAll(/ (\d+)\/(\d+)/g)].every(([, running, wanted]) => running === wanted)
  for (let successes = 0, deadline = Infinity; ; ) {
    const { reached } = await on.watch({
      title: 'Stack convergence',
      waitingFor: 'the stack to converge',
      command: SETTLED,
      within: 240,
      until: ({ stdout, exitCode }) => exitCode === 0 && isConverged(stdout),
    })
    if (!reached)
      throw new MessageError(
        say('the stack did not converge within {within} s: see the exhibit "Stack convergence"', {
          within: 240 * on.timeoutMultiplier,
        }),
      )
    deadline = Math.min(deadline, Date.now() + ENDPOINTS_SECONDS * on.timeoutMultiplier * 1000)
    const errors = await requestEach(targets)
    successes = errors.length === 0 ? successes + 1 : 0
    if (successes === 2 || Date.now() > deadline) return errors
    await sleep(1000, undefined, { signal: on.signal })
  }
}

const requestEach = async (targets: readonly Endpoint[]): Promise<readonly string[]> =>
  (await callMany(targets, 'GET', '/api/counter', { total: targets.length * 3, clients: targets.length })).errors

/**
 * Waits until all endpoints respond, twice in a row: a node opens its port some time after the app's replicas are
 * ready.
 *
 * @returns errors of requests that still failed at the timeout; empty if all endpoints respond.
 */
export async function waitForEndpoints(
  { signal, timeoutMultiplier }: Pick<LabSetupContext, 'signal' | 'timeoutMultiplier'>,
  targets: readonly Endpoint[],
): Promise<readonly string[]> {
  const deadline = Date.now() + ENDPOINTS_SECONDS * timeoutMultiplier * 1000
  for (let successes = 0; ; ) {
    const errors = await requestEach(targets)
    successes = errors.length === 0 ? successes + 1 : 0
    if (successes === 2 || Date.now() > deadline) return errors
    await sleep(1000, undefined, { signal })
  }
}

/** Checks that all nodes of the Swarm are ready. */
export const swarmProof = labExperiment(
  'Check Swarm health',
  {
    hosts: 'swarm_managers[0]',
    tags: ['swarm', 'proof'],
    disturbs: false,
    assertions: { 'swarm.nodes.ready': 'Every node of the inventory is a ready and active Swarm member' },
  },
  async (on) => {
    const wanted = on.groups.swarm ?? []
    const { exhibit } = await on.watch({
      title: 'Swarm nodes',
      waitingFor: 'all nodes to be Ready and Active',
      command: 'docker node ls',
      until: ({ stdout }) => wanted.every((name) => new RegExp(`\\s${name}\\s+Ready\\s+Active\\b`).test(stdout)),
      within: 60,
    })
    const ready = wanted.filter((name) => new RegExp(`\\s${name}\\s+Ready\\s+Active\\b`).test(exhibit.stdout))
    on.finding('swarm.nodes.ready', {
      holds: ready.length === wanted.length,
      evidence: [exhibit],
      detail: say('{ready} of {wanted} nodes are ready and active', { ready: ready.length, wanted: wanted.length }),
    })
  },
)

/** Service of the app: image, health check, replicas; without comments and environment. */
const COMPOSE_EXCERPT = `sed -n '/^  counter:/,/^  [a-z#]/p' ${COMPOSE_FILE} | sed '1p;/^  [^ ]/d;/^ *#/d;/^ *$/d' | awk '/^    [a-z]/ { skip = /environment:/ } !skip'`

/** Checks the app from outside the Swarm. */
export const appProof = labExperiment(
  'Check Counter app',
  {
    hosts: 'swarm_managers[0]',
    tags: ['app', 'proof'],
    // It increments the app's counter and sends a few hundred requests.
    disturbs: false,
    assertions: {
      'app.replicas.answer': 'All replicas respond to requests from outside',
      'app.counter.counts': 'N increments by concurrent clients add exactly N',
    },
  },
  async (on) => {
    await waitForStack(on)
    const { wanted, exhibit: running } = await watchReplicas(on, 'Running replicas')
    const services = await on.exhibit({
      title: 'Services of the stack',
      command: `docker stack services ${STACK} --format 'table {{.Name}}\\t{{.Mode}}\\t{{.Replicas}}\\t{{.Ports}}'`,
    })
    if (services.stdout.includes(`${STACK}_gateway`)) {
      on.log(
        "a node's kernel has no IPVS, so the routing mesh does not work; DNS round robin and a gateway on every node replace it",
        'warning',
      )
    }
    const compose = await on.exhibit({
      title: 'Compose file of the Counter app',
      command: COMPOSE_EXCERPT,
      displayCommand: `cat ${COMPOSE_FILE}`,
    })
    const targets = endpoints(on)
    const responses = await checkReplicas(on, targets)
    const replicas = new Set(responses.answers.map(({ replica }) => replica))
    on.finding('app.replicas.answer', {
      holds: replicas.size >= wanted && responses.errors.length === 0,
      evidence: [running, services, compose, responses.exhibit],
      detail: say(
        '{replicas} of {wanted} replicas responded; {errors} of {requests} requests through {targets} nodes failed',
        {
          replicas: replicas.size,
          wanted,
          errors: responses.errors.length,
          requests: REQUESTS,
          targets: targets.length,
        },
      ),
    })
    const result = await sendIncrements(on, targets)
    on.finding('app.counter.counts', {
      holds: result.errors === 0 && result.added === INCREMENTS,
      evidence: [result.exhibit],
      detail: say('{increments} increments by {clients} concurrent clients added {added}; {errors} failed', {
        increments: INCREMENTS,
        clients: CLIENTS,
        added: result.added,
        errors: result.errors,
      }),
    })
  },
)

const urlList = (targets: readonly Endpoint[]): string =>
  targets.map(({ host, port }) => `http://${host}:${port}`).join(' ')

/** Requests the count repeatedly and records which replicas respond. */
export async function checkReplicas(
  on: LabContext,
  targets: readonly Endpoint[],
  title: LabText = 'Responding replicas',
) {
  const started = Date.now()
  const { answers, errors } = await callMany(targets, 'GET', '/api/counter', { total: REQUESTS, clients: 4 })
  const exhibit = on.record({
    title,
    command: say('{request}, {n|time|times}, round robin over {urls}', {
      request: 'GET /api/counter',
      n: REQUESTS,
      urls: urlList(targets),
    }),
    stdout: tally(answers, errors),
    durationMs: Date.now() - started,
  })
  return { answers, errors, exhibit }
}

/** Sends concurrent increments and reads from the counter how many it added. */
export async function sendIncrements(on: LabContext, targets: readonly Endpoint[]) {
  const started = Date.now()
  const count = async (): Promise<number> =>
    (await callMany(targets.slice(0, 1), 'GET', '/api/counter', { total: 1, clients: 1 })).answers[0]?.count ??
    Number.NaN
  const before = await count()
  const { answers, errors } = await callMany(targets, 'POST', '/api/counter/increment', {
    total: INCREMENTS,
    clients: CLIENTS,
  })
  const after = await count()
  const exhibit = on.record({
    title: 'Concurrent increments',
    command: say('{request}, {n|time|times} by {clients} clients, round robin over {urls}', {
      request: 'POST /api/counter/increment',
      n: INCREMENTS,
      clients: CLIENTS,
      urls: urlList(targets),
    }),
    stdout: lines(
      tableOf([
        [say('count before:'), before],
        [say('count after:'), after],
        [say('added:'), after - before],
      ]),
      '',
      tally(answers, errors),
    ),
    durationMs: Date.now() - started,
  })
  return { added: after - before, errors: errors.length, exhibit }
}

function tally(answers: CallResults['answers'], errors: CallResults['errors']): MessageList {
  const rows = new Map<string, { node: string; replica: string; responses: number }>()
  for (const { replica, node } of answers) {
    const row = rows.get(`${node} ${replica}`) ?? { node, replica, responses: 0 }
    rows.set(`${node} ${replica}`, { ...row, responses: row.responses + 1 })
  }
  const failed = new Map<string, number>()
  for (const error of errors) failed.set(error, (failed.get(error) ?? 0) + 1)
  return lines(
    tableOf([
      [say('NODE'), say('REPLICA'), say('RESPONSES')],
      ...[...rows]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([, { node, replica, responses }]) => [node, replica, responses]),
    ]),
    say('failed requests: {n}', { n: errors.length }),
    ...[...failed].map(([error, n]) => `  ${n} x ${error}`),
  )
}
