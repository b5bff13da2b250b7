import { disturbAll, quote, MessageError } from 'labbook'
import { labExperiment, say, inSeconds, type LabSetupContext, hostText } from '../../messages/say.ts'
import { STACK } from '../../app/stack.ts'
import { checkSteadyState, manager } from './support/cluster.ts'

const NAME = 'labbook-order'
/** Startup delay of the dependency, before the timeout multiplier: longer than web needs for its first response. */
const DELAY_SECONDS = 15

/** Inspects the first service with that name prefix: some topologies have several Redis services. */
const inspected = (service: string, format: string): string =>
  `docker service inspect $(docker service ls -q --filter name=${STACK}_${service} | head -n 1) --format '${format}'`
const imageOf = (service: string): string => inspected(service, '{{.Spec.TaskTemplate.ContainerSpec.Image}}')
const containerOf = (service: string): string =>
  `docker ps -q --filter label=com.docker.swarm.service.name=${NAME}_${service} | head -n 1`
/** Sends the request inside the app's container: this stack publishes no port. */
const requestCounter = (slowdown: number): string =>
  `docker exec $(${containerOf('web')}) curl -s -o /dev/null -w '%{http_code}' --max-time ${5 * slowdown} http://127.0.0.1:8080/api/counter`
const STARTED = `for service in store web; do echo "$service $(docker inspect --format '{{.State.StartedAt}} {{.RestartCount}} {{.Id}}' $(docker ps -aq --filter label=com.docker.swarm.service.name=${NAME}_$service | tail -n 1))"; done`

interface Images {
  readonly counter: string
  readonly redis: string
}

/** As in the app's stack, Gunicorn's timeout grows with the timeout multiplier. */
const compose = (
  { counter, redis }: Images,
  node: string,
  { dnsrr, delay, slowdown }: { dnsrr: boolean; delay: number; slowdown: number },
): string => {
  const deploy = `deploy: { replicas: 1, ${dnsrr ? 'endpoint_mode: dnsrr, ' : ''}placement: { constraints: [node.hostname == ${node}] } }`
  // Neither service may become unhealthy while it waits.
  const healthcheck = `healthcheck: { interval: ${2 * slowdown}s, timeout: ${10 * slowdown}s, retries: 5, start_period: ${60 * slowdown}s }`
  return `version: '3.8'
services:
  store:
    image: ${redis}
    command: [sh, -c, 'sleep ${delay}; exec redis-server --protected-mode no --save ""']
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

const remove = async (on: LabSetupContext): Promise<void> => {
  await on.exec({
    command: `docker stack rm ${NAME} 2>/dev/null; for try in $(seq 30); do docker network ls -q --filter label=com.docker.stack.namespace=${NAME} | grep -q . || break; sleep 1; done`,
  })
}

/** Tests whether Swarm honours `depends_on`. */
export const dependsOn = labExperiment(
  'Deploy a stack with depends_on',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'depends-on', 'proof'],
    disturbs: ({ hosts }) => disturbAll(hosts, `the stack "${NAME}" is deployed and removed`),
    hypothesis:
      'Swarm starts all services of a stack at once and ignores depends_on. An app must wait for its dependencies itself: the Counter app answers 503 until Redis is available, and needs no restart.',
    assertions: {
      'swarm.depends-on.ignored': 'Swarm starts a service without waiting for its depends_on services',
      'app.waits-for-redis': 'App answers 503 without Redis, and counts once Redis is available, without a restart',
    },
    steadyState: async (on) => {
      await checkSteadyState(on)
      await remove(on)
    },
    rollback: remove,
  },
  async (on) => {
    const [counter, redis, mode] = (
      await on.exec({
        command: `${imageOf('counter')}; ${imageOf('redis')}; ${inspected('redis', '{{.Spec.EndpointSpec.Mode}}')}`,
      })
    ).stdout
      .trim()
      .split('\n')
    const delay = DELAY_SECONDS * on.timeoutMultiplier
    const text = compose({ counter: counter ?? '', redis: redis ?? '' }, manager(on), {
      dnsrr: mode === 'dnsrr',
      delay,
      slowdown: on.timeoutMultiplier,
    })
    const written = on.record({
      title: 'Compose file with depends_on',
      command: hostText('compose.yml'),
      stdout: hostText(text),
      durationMs: 0,
    })
    const deployed = await on.exhibit({
      title: 'Deploy a stack with a delayed store',
      displayCommand: `docker stack deploy --with-registry-auth --resolve-image never --compose-file compose.yml ${NAME}`,
      timeout: 120,
      command: `printf '%s' ${quote(text)} | docker stack deploy --with-registry-auth --resolve-image never --compose-file - ${NAME}`,
    })
    if (deployed.exitCode !== 0)
      throw new MessageError(say('cannot deploy the stack (see exhibit "{exhibit}")', { exhibit: deployed.id }))
    const up = await on.watch({
      title: 'Container of web',
      command: `${containerOf('web')} | grep .`,
      within: 60,
      until: ({ exitCode }) => exitCode === 0,
    })
    const without = await on.watch({
      title: 'Response of web without store',
      command: requestCounter(on.timeoutMultiplier),
      within: 10,
      until: ({ stdout }) => stdout === '503',
    })
    const first = await on.exhibit({ title: 'Start times', command: STARTED })
    const counting = await on.watch({
      title: 'Response of web with store',
      command: requestCounter(on.timeoutMultiplier),
      within: 90,
      until: ({ stdout }) => stdout === '200',
    })
    const second = await on.exhibit({ title: 'Start times at the end', command: STARTED })
    const [startDelay, sameContainer] = [
      startDelayOf(first.stdout),
      line(first.stdout, 'web') === line(second.stdout, 'web'),
    ]
    on.finding('swarm.depends-on.ignored', {
      holds: up.reached && startDelay !== undefined ? startDelay < delay : null,
      evidence: [written, deployed, without.exhibit, first],
      detail:
        startDelay === undefined
          ? say('one of the two containers did not start')
          : say('web started {delay} {before} store; store needed {storeDelay} s to become available', {
              delay: inSeconds(Math.abs(startDelay)),
              before: startDelay < 0 ? say('before') : say('after'),
              storeDelay: delay,
            }),
    })
    on.finding('app.waits-for-redis', {
      holds: without.reached && counting.reached && sameContainer,
      evidence: [without.exhibit, counting.exhibit, first, second],
      detail: say('503 without Redis, 200 after another {counting}; web {sameContainer}', {
        counting: inSeconds(counting.seconds),
        sameContainer: sameContainer ? say('was not restarted') : say('was restarted'),
      }),
    })
  },
)

const line = (stdout: string, service: string): string =>
  stdout.split('\n').find((each) => each.startsWith(`${service} `)) ?? service

/** Seconds from the start of store to the start of web. */
function startDelayOf(stdout: string): number | undefined {
  const [store, web] = ['store', 'web'].map((service) =>
    Date.parse((line(stdout, service).split(' ')[1] ?? '').replace(/(\.\d{3})\d+/, '$1')),
  )
  return store === undefined || web === undefined || Number.isNaN(store) || Number.isNaN(web)
    ? undefined
    : (web - store) / 1000
}
