import { experiment, type CareContext, type Experiment, type ExperimentContext } from '../../../src/labbook.ts'
import { call, callMany, type Endpoint } from '../../app/client.ts'
import { endpoints, settled } from '../../app/proof.ts'
import { servicesOf } from './admin.ts'
import { NOTED } from './switch.ts'
import type { Topology } from './variables.ts'

const INCREMENTS = 50

/** What clients were told before the switch; undefined where no app answered then. */
let before: { readonly told: number; readonly exhibit: ReturnType<ExperimentContext['record']> } | undefined

const read = async (door: Endpoint): Promise<number> => (await call(door, 'GET', '/api/counter')).count

/**
 * Counts while the old Redis has the count, so that there is something to be kept. An app that is not there yet has no
 * count.
 */
export const countBefore = experiment(
  'The count before the switch',
  { hosts: 'swarm_managers[0]', tags: ['redis', 'proof'], disturbs: false, proves: {} },
  async (on) => {
    before = undefined
    const started = Date.now()
    const doors = endpoints(on)
    const { answers, errors } = await callMany(doors, 'POST', '/api/counter/increment', {
      total: INCREMENTS,
      clients: 5,
    })
    const told = Math.max(
      ...answers.map(({ count }) => count),
      await read(doors[0] as Endpoint).catch(() => Number.NaN),
    )
    if (answers.length === 0 || Number.isNaN(told)) {
      on.notice('the app does not count before the switch, so there is nothing to compare with later', 'warning')
      return
    }
    before = {
      told,
      exhibit: on.record({
        title: 'The count before the switch',
        command: `POST /api/counter/increment, ${INCREMENTS} times, then GET /api/counter`,
        stdout: `acknowledged: ${answers.length} of ${INCREMENTS}\nfailed: ${errors.length}\nhighest count that a client was told: ${told}`,
        durationMs: Date.now() - started,
      }),
    }
  },
)

/** Is the count the same afterwards, and does the app go on from there? */
export const keepsCount = (to: Topology): Experiment =>
  experiment(
    `The count after the switch to ${to}`,
    {
      hosts: 'swarm_managers[0]',
      tags: ['redis', 'proof'],
      disturbs: false,
      hypothesis:
        'While the data is brought over nobody can write, and the new Redis begins with all that the old one had.',
      proves: {
        'redis.switch.keeps-count': 'After the switch the count is what it was before, and goes on from there',
      },
    },
    async (on) => {
      await settled(on)
      const doors = endpoints(on)
      const started = Date.now()
      const after = await read(doors[0] as Endpoint)
      const { answers, errors } = await callMany(doors, 'POST', '/api/counter/increment', {
        total: INCREMENTS,
        clients: 5,
      })
      const end = await read(doors[0] as Endpoint)
      const exhibit = on.record({
        title: 'The count after the switch',
        command: `GET /api/counter, POST /api/counter/increment ${INCREMENTS} times, GET again`,
        stdout: `count: ${after}\nacknowledged: ${answers.length} of ${INCREMENTS}\nfailed: ${errors.length}${errors.length === 0 ? '' : ` (${errors[0]})`}\ncount then: ${end}`,
        durationMs: Date.now() - started,
      })
      const where = await on.exhibit({ title: 'Which Redis has the count', command: NOTED })
      // A request that failed may have counted or not; others may count as well: less is a loss.
      on.finding('redis.switch.keeps-count', {
        holds:
          before === undefined
            ? null
            : after >= before.told && end - after >= answers.length && answers.length > 0 && where.stdout.trim() === to,
        evidence: [...(before === undefined ? [] : [before.exhibit]), exhibit, where],
        detail:
          before === undefined
            ? 'the app did not count before the switch'
            : `${before.told} before, ${after} after; then ${answers.length} increments were acknowledged and ${end - after} counted, ${errors.length} failed`,
      })
    },
  )

/** Each service's container is asked on its own node, by the program that knows the password there. */
const STATUS = `for service in $(docker service ls --format '{{.Name}}' --filter name=counter_ | grep -E '^counter_(redis|sentinel)' | sort); do
  docker service ps "$service" --filter desired-state=running --format '{{.Name}}|{{.Node}}|{{.CurrentState}}|{{.Error}}'
done`

const ASK = `for id in $(docker ps -q --filter label=com.docker.stack.namespace=counter); do
  name=$(docker inspect "$id" --format '{{index .Config.Labels "com.docker.swarm.service.name"}}')
  case $name in
    counter_redis*|counter_sentinel-*) printf '%s: ' "$name"; timeout 10 docker exec "$id" redis.sh tell 2>&1 || echo 'does not answer' ;;
  esac
done`

/** How Redis is: where its processes run, and what each says of itself. */
export const redisStatus = experiment(
  'Redis',
  { hosts: 'swarm_managers[0]', tags: ['redis', 'status'], disturbs: false, proves: {} },
  async (on) => {
    const noted = await on.look({ command: NOTED })
    const topology = noted.stdout.trim()
    on.notice(topology === '' ? 'no topology has a count yet' : `the count is with: ${topology}`)
    await on.exhibit({ title: 'Where Redis runs', command: STATUS })
    const lines = (await Promise.all((on.groups.swarm ?? []).map((node) => tell(on, node)))).flat()
    for (const line of lines.sort()) on.notice(line.replace(/^counter_/, ''))
    const missing =
      topology === ''
        ? []
        : servicesOf(topology as Topology).filter((name) => !lines.some((line) => line.startsWith(`counter_${name}:`)))
    if (missing.length > 0) on.notice(`nothing is heard of: ${missing.join(', ')}`, 'warning')
  },
)

async function tell(on: CareContext, host: string): Promise<string[]> {
  const exhibit = await on.exhibit({ title: `What Redis says on ${host}`, host, command: ASK })
  return exhibit.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `${line} (${host})`)
}
