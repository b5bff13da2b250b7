import { type Experiment } from 'labbook'
import { labExperiment, type LabContext, say, type LabSetupContext, hostText, lines } from '../messages/say.ts'
import { call, callMany } from '../app/client.ts'
import type { Endpoint } from '../shared/http-request.ts'
import { endpoints, waitForStack } from '../app/proof.ts'
import { servicesOf } from './admin.ts'
import { RECORDED_TOPOLOGY } from './switch.ts'
import type { Topology } from './vars.ts'

const INCREMENTS = 50

/** Highest count returned before the switch; undefined if no app answered. */
let before: { readonly count: number; readonly exhibit: ReturnType<LabContext['record']> } | undefined

const readCount = async (endpoint: Endpoint): Promise<number> => (await call(endpoint, 'GET', '/api/counter')).count

/** Increments and reads the count before the switch, to compare with the count after it. */
export const recordCountBefore = labExperiment(
  'Record the count before the switch',
  { hosts: 'swarm_managers[0]', tags: ['redis', 'proof'], disturbs: false, assertions: {} },
  async (on) => {
    before = undefined
    const started = Date.now()
    const appEndpoints = endpoints(on)
    const { answers, errors } = await callMany(appEndpoints, 'POST', '/api/counter/increment', {
      total: INCREMENTS,
      clients: 5,
    })
    const count = Math.max(
      ...answers.map((answer) => answer.count),
      await readCount(appEndpoints[0] as Endpoint).catch(() => Number.NaN),
    )
    if (answers.length === 0 || Number.isNaN(count)) {
      on.log('the app returned no count before the switch, so there is nothing to compare with', 'warning')
      return
    }
    before = {
      count,
      exhibit: on.record({
        title: 'Count before the switch',
        command: say('POST /api/counter/increment, {n|time|times}, then GET /api/counter', { n: INCREMENTS }),
        stdout: lines(
          say('acknowledged: {acknowledged} of {sent}', { acknowledged: answers.length, sent: INCREMENTS }),
          say('failed requests: {n}', { n: errors.length }),
          say('highest count returned: {count}', { count }),
        ),
        durationMs: Date.now() - started,
      }),
    }
  },
)

/** Checks that the switch keeps the count, and that the app counts on from it. */
export const compareCountAfter = (to: Topology): Experiment =>
  labExperiment(
    `Compare the count after the switch to ${to}`,
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'proof'],
      disturbs: false,
      hypothesis:
        'The app is stopped while the data is copied, so the new topology starts with all data of the old one.',
      assertions: {
        'redis.switch.keeps-count': 'Switch keeps the count, and the app counts on from it',
      },
    },
    async (on) => {
      await waitForStack(on)
      const appEndpoints = endpoints(on)
      const started = Date.now()
      const after = await readCount(appEndpoints[0] as Endpoint)
      const { answers, errors } = await callMany(appEndpoints, 'POST', '/api/counter/increment', {
        total: INCREMENTS,
        clients: 5,
      })
      const end = await readCount(appEndpoints[0] as Endpoint)
      const exhibit = on.record({
        title: 'Count after the switch',
        command: say('GET /api/counter, POST /api/counter/increment {n|time|times}, GET again', { n: INCREMENTS }),
        stdout: lines(
          say('count: {count}', { count: after }),
          say('acknowledged: {acknowledged} of {sent}', { acknowledged: answers.length, sent: INCREMENTS }),
          say('failed requests: {n}', { n: errors.length }),
          ...errors.slice(0, 1).map((error) => `  ${error}`),
          say('count after the increments: {count}', { count: end }),
        ),
        durationMs: Date.now() - started,
      })
      const active = await on.exhibit({ title: 'Active topology', command: RECORDED_TOPOLOGY })
      // A failed request may have been applied, and other clients may count too: only a lower count is a loss.
      on.finding('redis.switch.keeps-count', {
        holds:
          before === undefined
            ? null
            : after >= before.count &&
              end - after >= answers.length &&
              answers.length > 0 &&
              active.stdout.trim() === to,
        evidence: [...(before === undefined ? [] : [before.exhibit]), exhibit, active],
        detail:
          before === undefined
            ? say('the app returned no count before the switch')
            : say(
                'count {after} after the switch, {before} before; then {answers} increments acknowledged, {added} counted, {errors} failed',
                { after, before: before.count, answers: answers.length, added: end - after, errors: errors.length },
              ),
      })
    },
  )

const STATUS = `for service in $(docker service ls --format '{{.Name}}' --filter name=counter_ | grep -E '^counter_(redis|sentinel)' | sort); do
  docker service ps "$service" --filter desired-state=running --format '{{.Name}}|{{.Node}}|{{.CurrentState}}|{{.Error}}'
done`

/** Queries each container on its own node, through the script that reads the password there. */
const QUERY = `for id in $(docker ps -q --filter label=com.docker.stack.namespace=counter); do
  name=$(docker inspect "$id" --format '{{index .Config.Labels "com.docker.swarm.service.name"}}')
  case $name in
    counter_redis*|counter_sentinel-*) printf '%s: ' "$name"; timeout 10 docker exec "$id" redis.sh status 2>&1 || echo 'does not answer' ;;
  esac
done`

/** Shows the status of Redis: placement of its services, and the state that each server reports. */
export const redisStatus = labExperiment(
  'Show Redis status',
  { hosts: 'swarm_managers[0]', tags: ['redis', 'status'], disturbs: false, assertions: {} },
  async (on) => {
    const detected = await on.exec({ command: RECORDED_TOPOLOGY })
    const topology = detected.stdout.trim()
    on.log(topology === '' ? 'no topology is active yet' : say('active topology: {topology}', { topology }))
    await on.exhibit({ title: 'Tasks of the Redis services', command: STATUS })
    const lines = (await Promise.all((on.groups.swarm ?? []).map((node) => queryServers(on, node)))).flat()
    for (const line of lines.sort()) on.log(hostText(line.replace(/^counter_/, '')))
    const missing =
      topology === ''
        ? []
        : servicesOf(topology as Topology).filter((name) => !lines.some((line) => line.startsWith(`counter_${name}:`)))
    if (missing.length > 0) on.log(say('no response from: {names}', { names: missing.join(', ') }), 'warning')
  },
)

async function queryServers(on: LabSetupContext, host: string): Promise<string[]> {
  const exhibit = await on.exhibit({ title: say('Status of Redis on {host}', { host }), host, command: QUERY })
  return exhibit.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${line} (${host})`)
}
