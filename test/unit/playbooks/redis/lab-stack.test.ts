import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse as parseYaml } from 'yaml'
import {
  appEnvironment,
  nodeOrder,
  persistenceCompose,
  PERSISTENCE_MODES,
  labCompose,
  sentinelsOf,
  serversOf,
} from '../../../../playbooks/redis/experiments/support/compose.ts'
import { redisServices } from '../../../../playbooks/redis/experiments/support/template.ts'
import { unhealthyReason, type Reply } from '../../../../playbooks/redis/experiments/support/health.ts'
import { COLUMNS, ComparisonTable, NOT_MEASURED } from '../../../../playbooks/redis/experiments/comparison-table.ts'
import { comparisonCsv, comparisonText } from '../../../../playbooks/redis/experiments/comparison.ts'
import { TOPOLOGIES, type Topology } from '../../../../playbooks/redis/vars.ts'
import { messageText, type Exhibit } from '../../../../src/labbook.ts'

type Service = Record<string, unknown> & {
  deploy?: { placement?: { constraints?: string[] } }
  environment?: Record<string, string>
  secrets?: string[]
}
interface Stack {
  readonly services: Record<string, Service>
  readonly volumes?: Record<string, unknown>
  readonly secrets?: Record<string, { name: string }>
}

/** YAML 1.1, as Docker reads it: `yes` and `no` are booleans. */
const parse = (text: string): unknown => parseYaml(text, { version: '1.1' })

const NODES = ['node1', 'node2', 'node3']
const on = {
  groups: { swarm: NODES },
  hosts: ['node1'],
  timeoutMultiplier: 1,
  hostvars: () => ({ swarm_labels: { redis: 'true' } }),
}

const stackOf = (topology: Topology, more: object = {}): Stack =>
  parse(
    labCompose({
      stack: 'redislab',
      topology,
      ...redisServices(on, topology, 'r/redis:1', 'redislab'),
      counterImage: 'r/counter:1',
      nodes: NODES,
      client: 'print("$1")',
      port: 8091,
      waitReplicas: 1,
      ...more,
    }),
  ) as Stack

t.test("lab stack of each topology uses the template of the app's stack, with its own password", async (t) => {
  for (const topology of TOPOLOGIES) {
    const { services, secrets } = stackOf(topology)
    t.same(
      Object.keys(services).sort(),
      [...serversOf(topology), ...sentinelsOf(topology)]
        .map((each) => each.split(':')[0])
        .concat('client', 'counter')
        .sort(),
      topology,
    )
    t.equal(secrets?.redis_password?.name, 'redislab_redis_password', topology)
    t.ok(
      Object.values(services).every(({ secrets: mounted }) => mounted?.includes('redis_password')),
      topology,
    )
    t.same(services.counter?.environment, appEnvironment(topology, 1), topology)
  }
})

t.test('master runs on the last node, and no constraint uses a label', async (t) => {
  t.same(nodeOrder(NODES), ['node3', 'node1', 'node2'])
  t.same(nodeOrder(['a']), ['a', 'a', 'a'])
  t.same(
    nodeOrder(NODES, 'cluster'),
    ['node2', 'node3', 'node1'],
    'in a cluster the second master, which serves the counter',
  )
  t.same(nodeOrder(['a', 'b', 'c', 'd', 'e'], 'cluster').at(1), 'e')
  for (const topology of TOPOLOGIES) {
    const constraintByService = Object.fromEntries(
      Object.entries(stackOf(topology).services).flatMap(([name, { deploy }]) => {
        const [constraint] = deploy?.placement?.constraints ?? []
        return constraint === undefined ? [] : [[name, constraint]]
      }),
    )
    t.ok(
      Object.values(constraintByService).every((constraint) => /^node\.hostname == node[123]$/.test(constraint)),
      topology,
    )
    t.equal(constraintByService.redis ?? constraintByService['redis-cluster-2'], 'node.hostname == node3', topology)
    t.equal(
      Object.keys(constraintByService).length,
      serversOf(topology).length + sentinelsOf(topology).length,
      topology,
    )
  }
})

t.test('quiet lab stack has no health checks, and the client source is escaped for Compose', async (t) => {
  const checked = Object.values(stackOf('sentinel').services).filter(
    ({ healthcheck }) => (healthcheck as { disable?: boolean }).disable !== true,
  )
  t.equal(checked.length, 7)
  const quiet = Object.values(stackOf('sentinel', { quiet: true }).services)
  t.ok(quiet.every(({ healthcheck }) => (healthcheck as { disable?: boolean }).disable === true))
  t.equal(stackOf('single').services.client?.environment?.LAB_CLIENT, 'print("$$1")')
  t.notOk('counter' in stackOf('single', { port: undefined }).services)
})

t.test('persistence stack has one server per mode, each with its own volume, on the target node', async (t) => {
  const { services, volumes } = parse(
    persistenceCompose({ redisImage: 'r', counterImage: 'c', node: 'node3', client: '' }),
  ) as Stack
  t.equal(Object.keys(volumes ?? {}).length, Object.keys(PERSISTENCE_MODES).length)
  for (const [name, { deploy, entrypoint, volumes: mounted }] of Object.entries(services).filter(
    ([service]) => service !== 'client',
  )) {
    t.same(deploy?.placement?.constraints, ['node.hostname == node3'], name)
    t.same(mounted, [`${name}:/var/lib/redis`], name)
    t.ok(
      (entrypoint as unknown[]).includes('--appendonly') &&
        (entrypoint as unknown[]).every((word) => typeof word === 'string'),
      `${name}: arguments are strings, also "yes" and "no"`,
    )
  }
})

const recorded = (name: string): string => readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url), 'utf8')
const replies = (all: Record<string, string | Reply>): Map<string, Reply> =>
  new Map(Object.entries(all).map(([at, reply]) => [at, typeof reply === 'string' ? { reply } : reply]))

t.test('unhealthyReason() returns the reason why recorded servers and Sentinels are unhealthy', async (t) => {
  const servers = { a: recorded('info-master'), b: recorded('info-replica'), c: recorded('info-replica') }
  const sentinel = { s: { reply: recorded('sentinel-master').trimEnd().split('\n') } }
  t.equal(unhealthyReason(replies(servers), replies(sentinel), new Map()), undefined)
  t.match(unhealthyReason(replies({ ...servers, c: { error: 'timed out' } }), new Map(), new Map()), 'c: timed out')
  t.match(
    unhealthyReason(replies({ ...servers, b: recorded('info-replica-down') }), new Map(), new Map()),
    'b: not connected to its master',
  )
  t.match(unhealthyReason(replies({ ...servers, b: recorded('info-master') }), new Map(), new Map()), '2 masters')
  t.match(unhealthyReason(replies({ ...servers, a: recorded('info-after-2') }), new Map(), new Map()), 'a: 1 replicas')
  t.match(
    unhealthyReason(
      replies({ ...servers, a: recorded('info-master').replace('state=online', 'state=wait_bgsave') }),
      new Map(),
      new Map(),
    ),
    'a: not every replica is online',
  )
  t.match(
    unhealthyReason(
      replies(servers),
      replies({ s: { reply: recorded('sentinel-master-down').trimEnd().split('\n') } }),
      new Map(),
    ),
    's: its master is master,disconnected',
  )
  t.match(
    unhealthyReason(
      replies(servers),
      replies({
        s: {
          reply: recorded('sentinel-master')
            .replace(/num-slaves\n2/, 'num-slaves\n0')
            .trimEnd()
            .split('\n'),
        },
      }),
      new Map(),
    ),
    's: knows 0 replicas',
  )
})

t.test('comparison marks cells without a measurement', async (t) => {
  const table = new ComparisonTable()
  const exhibit = { id: 'x' } as Exhibit
  t.equal(table.missing.length, TOPOLOGIES.length * COLUMNS.length)
  table.set('sentinel', 'failover', '6.1 s, "at most"', exhibit)
  table.set('sentinel', 'memory', '40 MiB', exhibit)
  t.equal(table.missing.length, TOPOLOGIES.length * COLUMNS.length - 2)
  t.same(table.evidence, [exhibit])
  t.match(
    messageText(comparisonText(table)),
    /FAILOVER\n.*single\s+not measured\n.*replicas\s+not measured\n\s+sentinel\s+6\.1 s/,
  )
  t.match(comparisonCsv(table), '"6.1 s, ""at most"""')
  t.equal(comparisonCsv(table).split(messageText(NOT_MEASURED)).length - 1, table.missing.length)
})
