import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse as parseYaml } from 'yaml'
import {
  appEnvironment,
  inTurn,
  keepingCompose,
  KEEPING,
  labCompose,
  sentinelsOf,
  serversOf,
} from '../../../playbooks/swarm/redis/experiments/support/compose.ts'
import { redisServices } from '../../../playbooks/swarm/redis/experiments/support/template.ts'
import { amiss, type Reply } from '../../../playbooks/swarm/redis/experiments/support/whole.ts'
import { COLUMNS, Notebook, NOT_MEASURED } from '../../../playbooks/swarm/redis/experiments/notebook.ts'
import { comparisonCsv, comparisonText } from '../../../playbooks/swarm/redis/experiments/comparison.ts'
import { TOPOLOGIES, type Topology } from '../../../playbooks/swarm/redis/variables.ts'
import type { Exhibit } from '../../../src/labbook.ts'

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

/** As Docker reads it: there `yes` and `no` are no strings. */
const parse = (text: string): unknown => parseYaml(text, { version: '1.1' })

const NODES = ['node1', 'node2', 'node3']
const on = {
  groups: { swarm: NODES },
  hosts: ['node1'],
  slowdown: 1,
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

t.test("each topology is made from the template of the app's own stack, with a password of its own", async (t) => {
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
    t.equal(secrets?.redis_password?.name, 'redislab_redis_password')
    t.ok(Object.values(services).every(({ secrets: mounted }) => mounted?.includes('redis_password')))
    t.same(services.counter?.environment, appEnvironment(topology, 1))
  }
})

t.test('the master is on the last node, and nothing hangs on a label', async (t) => {
  t.same(inTurn(NODES), ['node3', 'node1', 'node2'])
  t.same(inTurn(['a']), ['a', 'a', 'a'])
  t.same(inTurn(NODES, 'cluster'), ['node2', 'node3', 'node1'], 'of a cluster the second master, which has the counter')
  t.same(inTurn(['a', 'b', 'c', 'd', 'e'], 'cluster').at(1), 'e')
  for (const topology of TOPOLOGIES) {
    const places = Object.fromEntries(
      Object.entries(stackOf(topology).services).flatMap(([name, { deploy }]) => {
        const [constraint] = deploy?.placement?.constraints ?? []
        return constraint === undefined ? [] : [[name, constraint]]
      }),
    )
    t.ok(
      Object.values(places).every((constraint) => /^node\.hostname == node[123]$/.test(constraint)),
      topology,
    )
    t.equal(places.redis ?? places['redis-cluster-2'], 'node.hostname == node3')
    t.equal(Object.keys(places).length, serversOf(topology).length + sentinelsOf(topology).length)
  }
})

t.test('where CPU is what is measured nothing asks for health; Compose reads no variable in the client', async (t) => {
  const loud = Object.values(stackOf('sentinel').services).filter(
    ({ healthcheck }) => (healthcheck as { disable?: boolean }).disable !== true,
  )
  t.equal(loud.length, 7)
  const quiet = Object.values(stackOf('sentinel', { quiet: true }).services)
  t.ok(quiet.every(({ healthcheck }) => (healthcheck as { disable?: boolean }).disable === true))
  t.equal(stackOf('single').services.client?.environment?.LAB_CLIENT, 'print("$$1")')
  t.notOk('counter' in stackOf('single', { port: undefined }).services)
})

t.test(
  'a server for each way to keep data, each with a volume of its own, on the node that is taken away',
  async (t) => {
    const { services, volumes } = parse(
      keepingCompose({ redisImage: 'r', counterImage: 'c', node: 'node3', client: '' }),
    ) as Stack
    t.equal(Object.keys(volumes ?? {}).length, Object.keys(KEEPING).length)
    for (const [name, { deploy, entrypoint, volumes: mounted }] of Object.entries(services).filter(
      ([service]) => service !== 'client',
    )) {
      t.same(deploy?.placement?.constraints, ['node.hostname == node3'])
      t.same(mounted, [`${name}:/var/lib/redis`])
      t.ok(
        (entrypoint as unknown[]).includes('--appendonly') &&
          (entrypoint as unknown[]).every((word) => typeof word === 'string'),
        'words only, also "yes" and "no"',
      )
    }
  },
)

const recorded = (name: string): string => readFileSync(new URL(`fixtures/${name}.txt`, import.meta.url), 'utf8')
const replies = (all: Record<string, string | Reply>): Map<string, Reply> =>
  new Map(Object.entries(all).map(([at, reply]) => [at, typeof reply === 'string' ? { reply } : reply]))

t.test('what is not as it should be is said: of servers and Sentinels, as they were recorded', async (t) => {
  const servers = { a: recorded('info-master'), b: recorded('info-replica'), c: recorded('info-replica') }
  const sentinel = { s: { reply: recorded('sentinel-master').trimEnd().split('\n') } }
  t.equal(amiss(replies(servers), replies(sentinel), new Map()), undefined)
  t.match(amiss(replies({ ...servers, c: { failed: 'timed out' } }), new Map(), new Map()), 'c: timed out')
  t.match(
    amiss(replies({ ...servers, b: recorded('info-replica-down') }), new Map(), new Map()),
    'b: no line to its master',
  )
  t.match(amiss(replies({ ...servers, b: recorded('info-master') }), new Map(), new Map()), '2 masters')
  t.match(amiss(replies({ ...servers, a: recorded('info-after-2') }), new Map(), new Map()), 'a: 1 replicas')
  t.match(
    amiss(
      replies({ ...servers, a: recorded('info-master').replace('state=online', 'state=wait_bgsave') }),
      new Map(),
      new Map(),
    ),
    'a: not every replica has all data yet',
  )
  t.match(
    amiss(
      replies(servers),
      replies({ s: { reply: recorded('sentinel-master-down').trimEnd().split('\n') } }),
      new Map(),
    ),
    's: its master is master,disconnected',
  )
  t.match(
    amiss(
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

t.test('the comparison says what was not measured', async (t) => {
  const notebook = new Notebook()
  const exhibit = { id: 'x' } as Exhibit
  t.equal(notebook.missing.length, TOPOLOGIES.length * COLUMNS.length)
  notebook.note('sentinel', 'failover', '6.1 s, "at most"', exhibit)
  notebook.note('sentinel', 'memory', '40 MiB', exhibit)
  t.equal(notebook.missing.length, TOPOLOGIES.length * COLUMNS.length - 2)
  t.same(notebook.evidence, [exhibit])
  t.match(
    comparisonText(notebook),
    /FAILOVER\n.*single\s+not measured\n.*replicas\s+not measured\n\s+sentinel\s+6\.1 s/,
  )
  t.match(comparisonCsv(notebook), '"6.1 s, ""at most"""')
  t.equal(comparisonCsv(notebook).split(NOT_MEASURED).length - 1, notebook.missing.length)
})
