import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { render } from '../../../../src/templates/index.ts'

const source = readFileSync(new URL('../../../../templates/stack/counter.yml', import.meta.url), 'utf8')

const defaults = {
  counter_image: 'registry.lab:5000/counter:1',
  gateway_image: 'registry.lab:5000/gateway:1',
  counter_replicas: 4,
  counter_max_per_node: 2,
  counter_port: 8088,
  counter_cpus: 0.5,
  redis_topology: 'single',
  redis_wait_replicas: 0,
  redis_wait_ms: 500,
  slowdown: 1,
  redis_secret: 'counter_redis_password_1',
}

interface Service {
  readonly image: string
  readonly hostname: string
  readonly networks: unknown
  readonly ports: unknown
  readonly secrets: unknown
  readonly environment: Readonly<Record<string, string>>
  readonly healthcheck: { readonly interval: string; readonly test: unknown }
  readonly stop_grace_period: string
  readonly deploy: {
    readonly mode: string
    readonly replicas: number
    readonly endpoint_mode: string
    readonly placement: { readonly max_replicas_per_node: number }
    readonly update_config: { readonly order: string }
    readonly resources: unknown
  }
}

interface Stack {
  readonly services: { readonly counter: Service; readonly gateway: Service }
  readonly networks: unknown
  readonly secrets: unknown
}

const stack = (vars: Record<string, unknown>) =>
  parse(render(source, 'counter.yml', { ...defaults, ...vars }).text) as Stack

t.test('with IPVS the routing mesh publishes the counter, without a gateway', async (t) => {
  const { services } = stack({ ipvs: true })
  t.same(Object.keys(services).sort(), ['counter'])
  t.same(services.counter.ports, [{ target: 8080, published: 8088, protocol: 'tcp', mode: 'ingress' }])
  t.equal(services.counter.deploy.endpoint_mode, 'vip')
})

t.test('without IPVS a gateway on every node publishes a host port, and names resolve to tasks', async (t) => {
  const { services } = stack({ ipvs: false })
  t.same(Object.keys(services).sort(), ['counter', 'gateway'])
  t.equal(services.gateway.deploy.mode, 'global')
  t.same(services.gateway.ports, [{ target: 8080, published: 8088, protocol: 'tcp', mode: 'host' }])
  t.notOk('ports' in services.counter, 'Docker rejects an ingress port with dnsrr')
  for (const name of ['counter', 'gateway'] as const) t.equal(services[name].deploy.endpoint_mode, 'dnsrr', name)
  t.equal(
    services.gateway.deploy.update_config.order,
    'stop-first',
    'the update is stop-first, since two tasks cannot use one host port',
  )
})

for (const ipvs of [true, false]) {
  t.test(`counter is replicated, spread and updated start-first (ipvs: ${String(ipvs)})`, async (t) => {
    const { counter } = stack({ ipvs }).services
    t.equal(counter.image, 'registry.lab:5000/counter:1')
    t.match(counter.deploy, {
      mode: 'replicated',
      replicas: 4,
      placement: { max_replicas_per_node: 2, preferences: [{ spread: 'node.labels.zone' }] },
      update_config: { parallelism: 2, order: 'start-first', failure_action: 'rollback' },
      rollback_config: { order: 'start-first' },
      restart_policy: { condition: 'any' },
      resources: { limits: { memory: '192M' }, reservations: { memory: '64M' } },
    })
    t.equal(counter.healthcheck.interval, '2s')
    t.same(counter.healthcheck.test, ['CMD', '/app/health.sh'], 'explicit health check')
  })

  t.test(
    `all services share an attachable overlay network and have resource limits (ipvs: ${String(ipvs)})`,
    async (t) => {
      const { services, networks } = stack({ ipvs })
      t.same(networks, { backend: { driver: 'overlay', attachable: true } })
      for (const [name, service] of Object.entries<Service>(services)) {
        t.same(service.networks, ['backend'], name)
        t.match(
          service.deploy.resources,
          { limits: { cpus: String, memory: String }, reservations: { memory: String } },
          name,
        )
      }
    },
  )
}

t.test('timeout multiplier scales health checks and timeouts', async (t) => {
  const { services } = stack({ ipvs: false, slowdown: 10 })
  for (const name of ['counter', 'gateway'] as const) {
    t.match(services[name].healthcheck, { interval: '20s', timeout: '30s', retries: 5 }, name)
    t.equal(services[name].environment.HEALTH_SECONDS, '20', name)
  }
  t.match(services.counter.environment, {
    REDIS_TIMEOUT: '10',
    GUNICORN_CMD_ARGS: '--timeout 300',
    WEB_CONCURRENCY: '1',
    RES_OPTIONS: 'timeout:10 attempts:1',
  })
  t.equal(
    stack({ ipvs: false, slowdown: 60 }).services.counter.environment.RES_OPTIONS,
    'timeout:30 attempts:1',
    'resolver maximum',
  )
  t.notOk(
    'WEB_CONCURRENCY' in stack({ ipvs: false }).services.counter.environment,
    'the app chooses the number of workers',
  )
})

t.test('stop delay is set only with the routing mesh on slow nodes', async (t) => {
  const stopping = (defaults: object) => {
    const { counter } = stack({ ipvs: true, ...defaults }).services
    return [counter.environment.STOP_DELAY_SECONDS, counter.stop_grace_period]
  }
  t.same(
    [stopping({}), stopping({ slowdown: 10 }), stopping({ slowdown: 10, ipvs: false })],
    [
      ['0', '15s'],
      ['10', '40s'],
      ['0', '30s'],
    ],
  )
})

t.test('Swarm placeholders are not rendered', async (t) => {
  const { services } = stack({ ipvs: false })
  t.equal(services.counter.environment.NODE_NAME, '{{.Node.Hostname}}')
  t.equal(services.gateway.hostname, '{{.Node.Hostname}}')
})

t.test('replicas and max_replicas_per_node come from the variables', async (t) => {
  const { deploy } = stack({ ipvs: true, counter_replicas: 6, counter_max_per_node: 3 }).services.counter
  t.equal(deploy.replicas, 6)
  t.equal(deploy.placement.max_replicas_per_node, 3)
})

t.test('app environment has the Redis servers and the password file', async (t) => {
  const counterOf = (redis_topology: string) =>
    stack({ ipvs: false, redis_topology, redis_wait_replicas: 1 }).services.counter
  for (const topology of ['single', 'replicas'])
    t.match(
      counterOf(topology).environment,
      {
        REDIS_TOPOLOGY: topology,
        REDIS_HOST: 'redis',
        REDIS_PORT: '6379',
        REDIS_WAIT_REPLICAS: '1',
        REDIS_WAIT_MS: '500',
      },
      topology,
    )
  t.match(counterOf('sentinel').environment, {
    REDIS_NODES: 'sentinel-1:26379,sentinel-2:26379,sentinel-3:26379',
    REDIS_MASTER_NAME: 'counter',
    REDIS_HOST: undefined,
  })
  t.equal(counterOf('cluster').environment.REDIS_NODES?.split(',').length, 6)
  t.notOk('REDIS_HOST' in counterOf('cluster').environment)
  const { services, secrets } = stack({ ipvs: false })
  t.same(secrets, { redis_password: { external: true, name: 'counter_redis_password_1' } })
  t.same(services.counter.secrets, ['redis_password'])
  t.equal(services.counter.environment.REDIS_PASSWORD_FILE, '/run/secrets/redis_password')
})

t.test('missing variable is an error', async (t) => {
  t.throws(() => stack({ ipvs: true, counter_image: undefined }), { message: /counter.yml:\d+:/ })
})
