import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { ROOT } from '../../../../playbooks/app/images/table.ts'
import { servicesOf } from '../../../../playbooks/redis/admin.ts'
import { redisSettings } from '../../../../playbooks/redis/settings.ts'
import { TOPOLOGIES } from '../../../../playbooks/redis/vars.ts'
import { formatProblem, readCompose } from '../../../../playbooks/stack/compose.ts'
import { render } from '../../../../src/templates/index.ts'
import { composeContext } from '../stack/compose-context.ts'

const NODES = ['alpha', 'beta', 'gamma']

interface Service {
  readonly image: string
  readonly command: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly volumes: readonly unknown[]
  readonly healthcheck: {
    readonly test: readonly string[]
    readonly interval: string
    readonly timeout: string
    readonly start_period: string
  }
  readonly networks: readonly string[]
  readonly deploy: {
    readonly endpoint_mode?: string
    readonly replicas: number
    readonly placement: { readonly constraints: readonly string[] }
    readonly update_config: { readonly order: string }
    readonly resources: object
  }
}

function rendered(topology: string, vars: Record<string, unknown> = {}) {
  const text = render(readFileSync(path.join(ROOT, `templates/redis/${topology}.yml`), 'utf8'), `${topology}.yml`, {
    ipvs: false,
    redis_image: 'registry.lab:5000/redis:1',
    redis_secret: 'counter_redis_password_1',
    redis_nodes: NODES,
    slowdown: 1,
    ...redisSettings({ redis_topology: topology }),
    ...vars,
  }).text
  return {
    text,
    ...(parse(text, { merge: true }) as {
      services: Record<string, Service>
      networks: object
      volumes: object
      secrets: object
    }),
  }
}

for (const topology of TOPOLOGIES) {
  t.test(`${topology}: stack file is valid`, async (t) => {
    const { text, services, volumes, networks, secrets } = rendered(topology)
    const compose = readCompose({ path: `${topology}.yml`, text }, composeContext({ files: () => 'x' }))
    t.same(compose.problems.map(formatProblem), [])
    t.same(compose.warnings.map(formatProblem), [])
    t.same(Object.keys(services).sort(), [...servicesOf(topology)].sort())
    t.same(networks, { backend: { driver: 'overlay', attachable: true } }, 'as in counter.yml')
    t.same(secrets, { redis_password: { external: true, name: 'counter_redis_password_1' } })
    const mounted: string[] = []
    for (const [name, { command, secrets, volumes, healthcheck, networks, environment = {}, deploy }] of Object.entries(
      services,
    )) {
      t.same(networks, ['backend'], name)
      t.same(secrets, ['redis_password'], `${name} reads its password from a file`)
      t.notOk(
        Object.keys(environment).some((key) => /PASSWORD/.test(key)),
        `${name}: no password in the environment`,
      )
      t.equal(command[0], 'redis.sh', name)
      t.same(healthcheck.test, ['CMD', 'redis.sh', 'health', command[1]], `${name}: health check of its role`)
      t.equal(deploy.replicas, 1, name)
      t.equal(deploy.update_config.order, 'stop-first', `${name}: never two tasks on one volume`)
      t.equal(deploy.endpoint_mode, 'dnsrr', name)
      t.match(deploy.resources, { limits: { cpus: String, memory: String }, reservations: { memory: String } }, name)
      t.equal(deploy.placement.constraints.length, 1, `${name}: pinned to the node of its volume`)
      mounted.push(
        ...volumes.filter((volume) => typeof volume === 'string').map((volume) => volume.split(':')[0] ?? ''),
      )
    }
    t.same([...new Set(mounted)].sort(), mounted.sort(), 'no shared volumes')
    t.same(mounted, Object.keys(volumes).sort())
  })
}

t.test('timeout multiplier scales health checks and timeouts of each server', async (t) => {
  for (const topology of TOPOLOGIES) {
    const [normal, slow] = [rendered(topology), rendered(topology, { slowdown: 10 })]
    for (const [name, { healthcheck, environment }] of Object.entries(slow.services)) {
      const seconds = ({ interval, timeout, start_period }: Service['healthcheck']): number[] =>
        [interval, timeout, start_period].map((text) => Number(text.replace(/s$/, '')))
      t.same(
        seconds(healthcheck),
        seconds((normal.services[name] as Service).healthcheck).map((each) => each * 10),
        name,
      )
      t.match(environment, { REDIS_LOOK_SECONDS: '10', REDIS_ANSWER_SECONDS: '20' }, name)
    }
  }
})

const nodeOf = ({ deploy }: Service): string =>
  deploy.placement.constraints[0]?.replace('node.hostname == ', '').replace('node.labels.redis == true', 'alpha') ?? ''

t.test('each node has at most one server and one Sentinel', async (t) => {
  for (const topology of ['replicas', 'sentinel']) {
    const { services } = rendered(topology)
    const of = (prefix: string) =>
      Object.entries(services)
        .filter(([name]) => name.startsWith(prefix))
        .map(([, service]) => nodeOf(service))
        .sort()
    t.same(of('redis'), NODES, topology)
    if (topology === 'sentinel') t.same(of('sentinel'), NODES, topology)
  }
})

t.test('each cluster node has two servers, and no replica is on the node of its master', async (t) => {
  const { services } = rendered('cluster')
  const on = (i: number): string => nodeOf(services[`redis-cluster-${i}`] as Service)
  t.same([1, 2, 3, 4, 5, 6].map(on), [...NODES, ...NODES])
  // As redis-admin.sh pairs them.
  const pairs = [
    ...readFileSync(path.join(ROOT, 'app/images/redis-admin.sh'), 'utf8').matchAll(/(\d)\) echo (\d) ;;/g),
  ].map(([, master, replica]) => [Number(master), Number(replica)] as const)
  t.same(
    pairs.map(([master]) => master),
    [1, 2, 3],
  )
  for (const [master, replica] of pairs) t.not(on(master), on(replica), `${master} and ${replica}`)
})

t.test('first server uses the same volume in all topologies', async (t) => {
  for (const topology of ['single', 'replicas', 'sentinel'])
    t.ok(rendered(topology).services.redis?.volumes.includes('redis-data:/var/lib/redis'), topology)
})

t.test('single uses a VIP with IPVS; other topologies need the addresses of containers (dnsrr)', async (t) => {
  t.notOk('endpoint_mode' in (rendered('single', { ipvs: true }).services.redis as Service).deploy)
  for (const topology of ['replicas', 'sentinel', 'cluster']) {
    for (const service of Object.values(rendered(topology, { ipvs: true }).services))
      t.equal(service.deploy.endpoint_mode, 'dnsrr', topology)
  }
})

t.test('variables are passed to the servers', async (t) => {
  const { services } = rendered(
    'sentinel',
    redisSettings({
      redis_topology: 'sentinel',
      redis_appendfsync: 'always',
      redis_min_replicas_to_write: '2',
    }) as unknown as Record<string, unknown>,
  )
  for (const name of ['redis', 'redis-replica-1', 'redis-replica-2']) {
    t.match(
      services[name]?.environment,
      { REDIS_APPENDFSYNC: 'always', REDIS_MIN_REPLICAS_TO_WRITE: '2', REDIS_NAME: name },
      name,
    )
  }
})
