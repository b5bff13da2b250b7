import t from 'tap'
import { docker_swarm } from '../../../../src/modules/docker/swarm.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { fakeEngine } from './recorded/engine.ts'
import {
  CA,
  CA_IN_TOKEN,
  info,
  MANAGER,
  node,
  NOT_A_MANAGER,
  printed,
  SWARM,
  TOKENS,
  WORKER,
} from './recorded/swarm-answers.ts'

const { definition } = docker_swarm
type Input = Parameters<typeof definition.schema.parse>[0]
const parse = (params: Input) => definition.schema.parse(params)
const plan = (params: Input, stdout: string, exitCode = 0) =>
  definition.plan(parse(params), { stdout, stderr: '', exitCode }, {}, {})
const descriptions = (params: Input, stdout: string) =>
  plan(params, stdout).changes.map(({ description }) => description)

const worker = (swarm: object, ...lines: string[]): string =>
  printed([200, info(swarm)], [503, NOT_A_MANAGER], [503, NOT_A_MANAGER]) +
  `token-ca ${CA_IN_TOKEN}\n${lines.join('\n')}\n`
const manager = printed(
  [200, info(MANAGER)],
  [200, SWARM],
  [
    200,
    [
      node('qiw5ic24ln7tjlzqn85l3thwm', 'node1', { role: 'manager', addr: '10.77.0.11' }),
      node('v4txh2k3ezw1fw7pgqbvb4d8n', 'node2'),
    ],
  ],
)
const joining = {
  state: 'join',
  join_token: new Secret(TOKENS.Worker),
  remote_addrs: ['10.77.0.11'],
  advertise_addr: '10.77.0.12',
}
const members = [MANAGER.NodeID, WORKER.NodeID]

void t.test('present: a node in no Swarm initialises one', async (t) => {
  t.same(descriptions({ advertise_addr: '10.77.0.11' }, worker({})), ['initialise a Swarm at 10.77.0.11'])
})

void t.test('present: a manager needs no change, and registers the Swarm, its nodes and its tokens', async (t) => {
  const { changes, values, problem } = plan({}, manager)
  t.same(changes, [])
  t.equal(problem, undefined)
  t.equal(values?.cluster_id, SWARM.ID)
  t.equal(values?.join_tokens?.worker.reveal(), TOKENS.Worker)
  t.equal(values?.join_tokens?.manager.reveal(), TOKENS.Manager)
  t.match(values?.nodes, [
    { hostname: 'node1', role: 'manager', state: 'ready', addr: '10.77.0.11' },
    { hostname: 'node2', role: 'worker', id: WORKER.NodeID },
  ])
  t.notMatch(JSON.stringify(values), 'SWMTKN')
})

void t.test('present: the heartbeat period is set, and no other setting of the Swarm', async (t) => {
  const beating = (nanoseconds: number) =>
    printed(
      [200, info(MANAGER)],
      [
        200,
        { ...SWARM, Version: { Index: 71 }, Spec: { ...SWARM.Spec, Dispatcher: { HeartbeatPeriod: nanoseconds } } },
      ],
      [200, [node('qiw5ic24ln7tjlzqn85l3thwm', 'node1')]],
    )
  const twenty = { dispatcher_heartbeat_period: 20e9 }
  t.same(descriptions(twenty, beating(20e9)), [])
  t.same(descriptions({}, beating(20e9)), [], 'a heartbeat period that is not requested is kept')
  const { changes, values } = plan(twenty, beating(5e9))
  t.same(
    changes.map(({ description }) => description),
    ['set the heartbeat period of nodes to 20 s'],
  )
  t.match(changes[0]?.script, '/swarm/update?version=71')
  t.match(changes[0]?.script, JSON.stringify({ ...SWARM.Spec, Dispatcher: { HeartbeatPeriod: 20e9 } }))
  t.equal(values?.cluster_id, SWARM.ID, 'the id of the Swarm is registered before the heartbeat period is set')
  t.match(
    plan({ ...twenty, advertise_addr: '10.77.0.11' }, worker({})).changes[0]?.script,
    '"Spec":{"Dispatcher":{"HeartbeatPeriod":20000000000}}',
  )
})

void t.test('present: a worker of another Swarm is an error', async (t) => {
  t.match(plan({}, worker(WORKER)).problem, /worker in the Swarm of 10\.77\.0\.11:2377/)
})

void t.test('present: a manager that has just booted is waited for', async (t) => {
  t.same(descriptions({}, worker({ ...MANAGER, LocalNodeState: 'pending', ControlAvailable: false })), [
    'wait for this node to rejoin its Swarm',
  ])
})

void t.test('present: a lost quorum is reported', async (t) => {
  const noLeader = {
    message:
      "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online.",
  }
  t.match(
    plan({}, printed([200, info(MANAGER)], [500, noLeader], [500, noLeader])).problem,
    /Docker returned 500: The swarm does not have a leader/,
  )
})

void t.test('join: a node in no Swarm joins', async (t) => {
  t.same(descriptions(joining, worker({})), ['join the Swarm of 10.77.0.11:2377'])
})

void t.test('join: a member of the right Swarm needs no change', async (t) => {
  const { changes, values } = plan({ ...joining, member_ids: members }, worker(WORKER, `ca ${CA}`, 'age 5000'))
  t.same(changes, [])
  t.same(values, { node_id: WORKER.NodeID, is_manager: false, nodes: [] })
})

void t.test('join: a member of another Swarm is an error, unless force is set', async (t) => {
  const other = 'b'.repeat(64)
  const { changes, problem } = plan({ ...joining, member_ids: members }, worker(WORKER, `ca ${other}`, 'age 5'))
  t.same(changes, [])
  t.match(
    problem,
    /^this node is a member of another Swarm, that of 10\.77\.0\.11:2377: leaving would stop that Swarm's tasks/,
  )
})

void t.test('join with force: a member of another Swarm leaves it and joins', async (t) => {
  const other = CA.replace('5d6a', '6d6a')
  t.same(descriptions({ ...joining, force: true, member_ids: members }, worker(WORKER, `ca ${other}`, 'age 5')), [
    'leave the other Swarm',
    'join the Swarm of 10.77.0.11:2377',
  ])
})

void t.test('join: a node that the managers have removed rejoins, one that has just joined does not', async (t) => {
  const removed = { ...joining, member_ids: [MANAGER.NodeID] }
  t.same(descriptions(removed, worker(WORKER, `ca ${CA}`, 'age 5000')), [
    'leave the Swarm, which has removed this node',
    'join the Swarm of 10.77.0.11:2377',
  ])
  t.same(descriptions(removed, worker(WORKER, `ca ${CA}`, 'age 12')), [])
})

void t.test('join: a node stuck while joining leaves and rejoins', async (t) => {
  for (const LocalNodeState of ['pending', 'error']) {
    t.equal(
      descriptions(joining, worker({ LocalNodeState, Error: 'x509: unknown authority' })).length,
      2,
      LocalNodeState,
    )
  }
  t.match(plan(joining, worker({ LocalNodeState: 'locked' })).problem, /locked/)
})

void t.test('absent: a manager leaves only if forced', async (t) => {
  t.same(descriptions({ state: 'absent' }, printed([200, info({})])), [])
  t.same(descriptions({ state: 'absent' }, printed([200, info(WORKER)])), ['leave the Swarm'])
  t.match(plan({ state: 'absent' }, printed([200, info(MANAGER)])).problem, /is a manager/)
  t.same(descriptions({ state: 'absent', force: true }, printed([200, info(MANAGER)])), ['leave the Swarm'])
})

void t.test('a host without Docker, curl or permissions is reported', async (t) => {
  t.match(plan({}, '', 91).problem, /Docker is not running/)
  t.match(plan({}, '', 92).problem, /install the package curl/)
  t.match(plan({}, '', 93).problem, /become: true/)
})

void t.test('docker_swarm works in each shell against an engine', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  for (const shell of shells) {
    await t.test(`${shell.name}: docker_swarm`, async (t) => {
      const run = (script: string) => runIn(shell, script, { env: engine.env })
      const probed = (params: Input) => definition.plan(parse(params), run(definition.probe(parse(params), {})), {}, {})
      engine.answer({
        'GET /info': [200, info({})],
        'GET /swarm': [503, NOT_A_MANAGER],
        'GET /nodes': [503, NOT_A_MANAGER],
      })
      const join = probed(joining)
      const start = probed({ advertise_addr: '10.77.0.11', default_addr_pool: ['10.20.0.0/16'] })
      t.equal(join.changes.length + start.changes.length, 2)

      engine.requests()
      engine.answer({
        'POST /swarm/join': [200, null],
        'POST /swarm/init': [200, 'someid'],
        'GET /info': [200, info(WORKER)],
      })
      t.equal(run(join.changes[0]?.script ?? '').exitCode, 0)
      t.same(JSON.parse(engine.requests()[0]?.body ?? ''), {
        ListenAddr: '0.0.0.0:2377',
        AdvertiseAddr: '10.77.0.12',
        Availability: 'active',
        RemoteAddrs: ['10.77.0.11:2377'],
        JoinToken: TOKENS.Worker,
      })
      t.equal(run(start.changes[0]?.script ?? '').exitCode, 0)
      t.same(JSON.parse(engine.requests()[0]?.body ?? ''), {
        ListenAddr: '0.0.0.0:2377',
        AdvertiseAddr: '10.77.0.11',
        Availability: 'active',
        DefaultAddrPool: ['10.20.0.0/16'],
        SubnetSize: 24,
        Spec: {},
      })

      engine.answer({
        'POST /swarm/join': [
          503,
          {
            message:
              'Timeout was reached before node joined. The attempt to join the swarm will continue in the background.',
          },
        ],
        'GET /info': [200, info(WORKER)],
      })
      t.equal(run(join.changes[0]?.script ?? '').exitCode, 0)

      engine.answer({ 'POST /swarm/join': [500, { message: 'invalid join token' }] })
      t.match(run(join.changes[0]?.script ?? ''), { exitCode: 1, stderr: 'invalid join token\n' })

      engine.answer({
        'GET /info': [200, info(MANAGER)],
        'GET /swarm': [200, SWARM],
        'GET /nodes': [200, []],
        'POST /swarm/leave': [200, null],
      })
      t.equal(probed({}).values?.cluster_id, SWARM.ID)
      const leave = probed({ state: 'absent', force: true })
      engine.answer({ 'POST /swarm/leave': [200, null], 'GET /info': [200, info({})] })
      engine.requests()
      t.equal(run(leave.changes[0]?.script ?? '').exitCode, 0)
      t.equal(engine.requests()[0]?.request, 'POST /swarm/leave?force=true')
    })
  }
})
