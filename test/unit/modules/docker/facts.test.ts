import t from 'tap'
import type { z } from 'zod'
import { docker_host_info } from '../../../../src/modules/docker/host_info.ts'
import { docker_swarm_info } from '../../../../src/modules/docker/swarm_info.ts'
import type { ModuleDefinition } from '../../../../src/modules/module.ts'
import { reveal, Secret } from '../../../../src/values/secret.ts'
import { runIn } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'
import { fakeEngine } from './recorded/engine.ts'
import { info, MANAGER, node, NOT_A_MANAGER, printed, SWARM, TOKENS, WORKER } from './recorded/swarm-answers.ts'

const CONTAINER = {
  Id: 'c1',
  Names: ['/web'],
  Image: 'nginx:1.27',
  ImageID: 'sha256:1',
  Command: 'nginx',
  Created: 1714557600,
  Ports: [],
  Labels: { tier: 'front' },
  State: 'running',
  Status: 'Up 2 hours',
}

function plan<S extends z.ZodType, V>(
  { definition }: { definition: ModuleDefinition<S, V> },
  given: z.input<S>,
  ...answers: (readonly [number, object])[]
) {
  const params = definition.schema.parse(given)
  return definition.plan(params, { stdout: printed(...answers), stderr: '', exitCode: 0 }, {}, {})
}

void t.test('docker_host_info asks the engine for the lists with their filters', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  engine.answer({
    'GET /info': [200, info({})],
    'GET /containers/json': [200, [CONTAINER]],
    'GET /volumes': [200, { Volumes: [{ Name: 'data', Driver: 'local', Mountpoint: '/x' }], Warnings: null }],
    'GET /system/df': [200, { LayersSize: 42, Images: [] }],
  })
  const { definition } = docker_host_info
  inEachShell(t, (t, shell) => {
    const before = engine.requests().length
    const params = definition.schema.parse({
      containers: true,
      containers_all: true,
      containers_filters: { label: ['tier=front', 'x'], exited: 0 },
      volumes: true,
      disk_usage: true,
    })
    const { values, problem } = definition.plan(
      params,
      runIn(shell, definition.probe(params, {}), { env: engine.env }),
      {},
      {},
    )
    t.equal(problem, undefined)
    t.match(values, {
      can_talk_to_docker: true,
      host_info: { ServerVersion: '20.10.24+dfsg1' },
      disk_usage: { LayersSize: 42 },
      containers: [{ Id: 'c1', Names: ['/web'], Status: 'Up 2 hours' }],
    })
    t.same(values?.volumes, [{ Driver: 'local', Name: 'data' }])
    t.notOk(values?.containers?.[0] !== undefined && 'Labels' in values.containers[0])
    const asked = engine
      .requests()
      .slice(before)
      .map(({ request }) => decodeURIComponent(request))
    t.ok(
      asked.includes('GET /containers/json?filters={"label":["tier=front","x"],"exited":["0"]}&all=1'),
      String(asked),
    )
  })
})

void t.test('docker_host_info returns all fields with verbose_output, and fails without an engine', async (t) => {
  const { values } = plan(
    docker_host_info,
    { containers: true, verbose_output: true },
    [200, info({})],
    [200, [CONTAINER]],
  )
  t.same(values?.containers, [CONTAINER])
  const { definition } = docker_host_info
  const none = definition.plan(definition.schema.parse({}), { stdout: '', stderr: '', exitCode: 91 }, {}, {})
  t.match(none, { problem: /Docker is not running/, values: { can_talk_to_docker: false } })
  t.match(
    definition.schema.safeParse({ docker_host: 'tcp://x' }).error?.issues[0]?.message,
    /"docker_host" is not supp/,
  )
})

const SERVICE = {
  ID: 's1',
  Spec: {
    Name: 'web',
    Mode: { Replicated: { Replicas: 3 } },
    TaskTemplate: { ContainerSpec: { Image: 'nginx:1.27', Env: ['PASSWORD=geheim123'] } },
  },
}
const TASK = {
  ID: 't1',
  NodeID: 'n1',
  DesiredState: 'running',
  Spec: { ContainerSpec: { Image: 'nginx:1.27' } },
  Status: { State: 'running', ContainerStatus: { ContainerID: 'c1' } },
}

void t.test('docker_swarm_info returns what Ansible returns, with tokens as secrets', async (t) => {
  const { values, problem } = plan(
    docker_swarm_info,
    { nodes: true, services: true, tasks: true, unlock_key: true },
    [200, info(MANAGER)],
    [200, SWARM],
    [200, [node('n1', 'node1')]],
    [200, [SERVICE, { ID: 's2', Spec: { Name: 'agent', Mode: { Global: {} } } }]],
    [200, [TASK]],
    [200, [node('n1', 'node1')]],
    [200, { UnlockKey: 'SWMKEY-1-abcdefgh' }],
  )
  t.equal(problem, undefined)
  t.match(values, { can_talk_to_docker: true, docker_swarm_active: true, docker_swarm_manager: true })
  t.match(values?.nodes, [{ ID: 'n1', Hostname: 'node1' }])
  t.same(values?.services, [
    { ID: 's1', Name: 'web', Mode: 'Replicated', Replicas: 3, Image: 'nginx:1.27', Ports: [] },
    { ID: 's2', Name: 'agent', Mode: 'Global', Replicas: 2, Image: null, Ports: [] },
  ])
  t.same(values?.tasks, [
    {
      ID: 't1',
      ContainerID: 'c1',
      Image: 'nginx:1.27',
      Node: 'node1',
      DesiredState: 'running',
      CurrentState: 'running',
      Error: null,
    },
  ])
  const tokens = values?.swarm_facts?.['JoinTokens'] as Record<string, Secret>
  t.ok(tokens['Worker'] instanceof Secret)
  t.equal(reveal(tokens['Manager'] ?? ''), TOKENS.Manager)
  t.equal(reveal(values?.swarm_unlock_key ?? ''), 'SWMKEY-1-abcdefgh')
})

void t.test(
  'records of docker_swarm_info have no tokens, keys and environments, also where they are cut off',
  async (t) => {
    const { redactOutput } = docker_swarm_info.definition
    const output = printed([200, SWARM], [200, [SERVICE]], [200, { UnlockKey: 'SWMKEY-1-abc+/=-x' }])
    for (const text of [output, output.slice(0, output.indexOf(TOKENS.Manager) + 30)]) {
      const shown = redactOutput?.(text) ?? text
      t.notMatch(shown, /SWMTKN|SWMKEY|geheim/)
    }
  },
)

void t.test('docker_swarm_info fails on a worker and says what it knows', async (t) => {
  const result = plan(docker_swarm_info, {}, [200, info(WORKER)], [503, NOT_A_MANAGER])
  t.match(result, {
    problem: /this node is not a Swarm manager/,
    values: { can_talk_to_docker: true, docker_swarm_active: true, docker_swarm_manager: false },
  })
})
