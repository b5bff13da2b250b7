import { experiment, onHosts, type CareContext } from '../../../src/labbook.ts'
import { quote } from '../../../src/shell/quote.ts'
import { STACK } from '../../app/stack.ts'
import { allWell, manager, seconds } from './support/cluster.ts'

const NAME = 'labbook-order'
/**
 * How late the one is that the other says it depends on, on machines with processors of their own: longer than web
 * takes to answer for the first time.
 */
const LATE_SECONDS = 15

/** Of the first service whose name begins so: some topologies have several Redis. */
const inspected = (service: string, format: string): string =>
  `docker service inspect $(docker service ls -q --filter name=${STACK}_${service} | head -n 1) --format '${format}'`
const imageOf = (service: string): string => inspected(service, '{{.Spec.TaskTemplate.ContainerSpec.Image}}')
const containerOf = (service: string): string =>
  `docker ps -q --filter label=com.docker.swarm.service.name=${NAME}_${service} | head -n 1`
/** Asks the app from within its own container: nothing of this stack is published. */
const ask = (slowdown: number): string =>
  `docker exec $(${containerOf('web')}) curl -s -o /dev/null -w '%{http_code}' --max-time ${5 * slowdown} http://127.0.0.1:8080/api/counter`
const STARTED = `for service in store web; do echo "$service $(docker inspect --format '{{.State.StartedAt}} {{.RestartCount}} {{.Id}}' $(docker ps -aq --filter label=com.docker.swarm.service.name=${NAME}_$service | tail -n 1))"; done`

interface Images {
  readonly counter: string
  readonly redis: string
}

/** As in the stack, a worker of the app has longer to start where machines are slow. */
const compose = (
  { counter, redis }: Images,
  node: string,
  { dnsrr, late, slowdown }: { dnsrr: boolean; late: number; slowdown: number },
): string => {
  const deploy = `deploy: { replicas: 1, ${dnsrr ? 'endpoint_mode: dnsrr, ' : ''}placement: { constraints: [node.hostname == ${node}] } }`
  // Neither is to be taken for dead while it waits.
  const healthcheck = `healthcheck: { interval: ${2 * slowdown}s, timeout: ${10 * slowdown}s, retries: 5, start_period: ${60 * slowdown}s }`
  return `version: '3.8'
services:
  store:
    image: ${redis}
    command: [sh, -c, 'sleep ${late}; exec redis-server --protected-mode no --save ""']
    ${healthcheck}
    ${deploy}
  web:
    image: ${counter}
    depends_on: [store]
    environment: { REDIS_HOST: store, REDIS_TIMEOUT: '${slowdown}', HEALTH_SECONDS: '${2 * slowdown}', GUNICORN_CMD_ARGS: --timeout ${30 * slowdown}${slowdown > 1 ? ", WEB_CONCURRENCY: '1'" : ''} }
    ${healthcheck}
    ${deploy}
`
}

const remove = async (on: CareContext): Promise<void> => {
  await on.look({
    command: `docker stack rm ${NAME} 2>/dev/null; for try in $(seq 30); do docker network ls -q --filter label=com.docker.stack.namespace=${NAME} | grep -q . || break; sleep 1; done`,
  })
}

/** What `depends_on` does in a Swarm. */
export const dependsOn = experiment(
  'What depends_on does',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'depends-on', 'proof'],
    disturbs: ({ hosts }) => onHosts(hosts, `the stack "${NAME}" is deployed and removed`),
    hypothesis:
      'Swarm starts all services of a stack at once and pays no heed to depends_on. So an app must wait for what it needs by itself; the Counter ' +
      'app says 503 until its Redis is there, and needs no restart.',
    proves: {
      'swarm.depends-on.ignored': 'A service does not wait for the one that it says it depends on',
      'app.waits-for-redis':
        'The app answers 503 while there is no Redis, and counts as soon as there is one, without a restart',
    },
    start: async (on) => {
      await allWell(on)
      await remove(on)
    },
    restore: remove,
  },
  async (on) => {
    const [counter, redis, mode] = (
      await on.look({
        command: `${imageOf('counter')}; ${imageOf('redis')}; ${inspected('redis', '{{.Spec.EndpointSpec.Mode}}')}`,
      })
    ).stdout
      .trim()
      .split('\n')
    const late = LATE_SECONDS * on.slowdown
    const text = compose({ counter: counter ?? '', redis: redis ?? '' }, manager(on), {
      dnsrr: mode === 'dnsrr',
      late,
      slowdown: on.slowdown,
    })
    const deployed = await on.exhibit({
      title: 'A stack whose store is late',
      timeout: 120,
      command: `printf '%s' ${quote(text)} | docker stack deploy --with-registry-auth --resolve-image never --compose-file - ${NAME}`,
    })
    if (deployed.exitCode !== 0) throw new Error(`the stack cannot be deployed (see the exhibit "${deployed.id}")`)
    const up = await on.watch({
      title: 'web runs',
      command: `${containerOf('web')} | grep .`,
      within: 60,
      until: ({ exitCode }) => exitCode === 0,
    })
    const without = await on.watch({
      title: 'web without its store',
      command: ask(on.slowdown),
      within: 10,
      until: ({ stdout }) => stdout === '503',
    })
    const first = await on.exhibit({ title: 'When both were started', command: STARTED })
    const counting = await on.watch({
      title: 'web with its store',
      command: ask(on.slowdown),
      within: 90,
      until: ({ stdout }) => stdout === '200',
    })
    const second = await on.exhibit({ title: 'When both were started, later', command: STARTED })
    const [apart, same] = [startsApart(first.stdout), line(first.stdout, 'web') === line(second.stdout, 'web')]
    on.finding('swarm.depends-on.ignored', {
      holds: up.reached && apart !== undefined ? apart < late : null,
      evidence: [deployed, without.exhibit, first],
      detail:
        apart === undefined
          ? 'one of the two never started'
          : `web was started ${seconds(Math.abs(apart))} ${apart < 0 ? 'before' : 'after'} its store, which took ${late} s more until it answered`,
    })
    on.finding('app.waits-for-redis', {
      holds: without.reached && counting.reached && same,
      evidence: [without.exhibit, counting.exhibit, first, second],
      detail: `503 at first, 200 after ${seconds(counting.seconds)} more; ${same ? 'the same container' : 'another container'}`,
    })
  },
)

const line = (stdout: string, service: string): string =>
  stdout.split('\n').find((each) => each.startsWith(`${service} `)) ?? service

/** Seconds from the start of the store to that of web. */
function startsApart(stdout: string): number | undefined {
  const [store, web] = ['store', 'web'].map((service) =>
    Date.parse((line(stdout, service).split(' ')[1] ?? '').replace(/(\.\d{3})\d+/, '$1')),
  )
  return store === undefined || web === undefined || Number.isNaN(store) || Number.isNaN(web)
    ? undefined
    : (web - store) / 1000
}
