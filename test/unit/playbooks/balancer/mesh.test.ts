import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { meshComparison } from '../../../../playbooks/balancer/mesh.ts'
import { messageText, type Message, type MessageTable } from '../../../../src/labbook.ts'

/** Answers with the header of a replica: another one for each request, or for each connection. */
async function appServer(t: Test, by: 'request' | 'connection'): Promise<number> {
  let [requests, connections] = [0, 0]
  const replicas = new WeakMap<object, number>()
  const server = http.createServer((request, response) => {
    requests += 1
    const replica = by === 'request' ? requests % 2 : replicas.get(request.socket)
    response.setHeader('x-replica', `replica${replica}`)
    response.end('{"count":1}')
  })
  server.on('connection', (socket) => replicas.set(socket, connections++ % 2))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

interface Verdict {
  readonly holds: boolean | null
  readonly detail: Message
  readonly evidence: readonly { readonly id: string; readonly title?: string; readonly stdout?: MessageTable }[]
}

/** Runs the comparison against servers of this machine. */
async function compare(
  t: Test,
  {
    ipvs,
    mesh = 'connection',
    refusal = `port '8096' is already in use by service`,
    slowdown = 1,
    nodes = ['node1'],
  }: {
    readonly ipvs: boolean
    readonly mesh?: 'request' | 'connection'
    readonly refusal?: string
    readonly slowdown?: number
    readonly nodes?: readonly string[]
  },
): Promise<{ verdicts: Record<string, Verdict>; commands: string[] }> {
  const forwards = { 8090: await appServer(t, 'request'), 8096: await appServer(t, mesh) }
  const verdicts: Record<string, Verdict> = {}
  const commands: string[] = []
  const output = (command: string, exitCode: number, stderr: string) => {
    commands.push(command)
    return Promise.resolve({ id: command, command, stdout: 'counter:1', stderr, exitCode })
  }
  const on = {
    hosts: ['node1'],
    groups: { swarm: nodes },
    hostvars: () => ({ ansible_host: '127.0.0.1', lab_forwards: forwards, slowdown }),
    exec: ({ command }: { command: string }) => output(command, 0, ''),
    exhibit: ({ command }: { command: string }) =>
      command.includes('--name balancer-mesh-2')
        ? output(command, refusal === '' ? 0 : 1, refusal)
        : output(command, command.includes('ip_vs') && !ipvs ? 1 : 0, ''),
    record: (what: object) => ({ id: 'recorded', ...what }),
    finding: (id: string, verdict: Verdict) => {
      verdicts[id] = verdict
    },
  }
  await meshComparison.method(on as never)
  return { verdicts, commands }
}

const [PORT, CONNECTION] = ['balancer.mesh.port', 'balancer.mesh.connection'] as const

t.test('with IPVS: a connection reaches one replica through the mesh, and several through the balancer', async (t) => {
  const { verdicts } = await compare(t, { ipvs: true })
  t.equal(verdicts[PORT]?.holds, true)
  t.match(messageText(verdicts[PORT]?.detail as Message), 'already in use by service; balancer, one port: /app1 200')
  t.equal(verdicts[CONNECTION]?.holds, true)
  t.equal(
    messageText(verdicts[CONNECTION]?.detail as Message),
    'of 2 replicas, 1 answered through the routing mesh and 2 through the balancer; failed requests: 0',
  )
})

t.test('with IPVS: a mesh that spreads the requests of one connection contradicts the claim', async (t) => {
  const { verdicts } = await compare(t, { ipvs: true, mesh: 'request' })
  t.equal(verdicts[CONNECTION]?.holds, false)
})

t.test('a second service that gets the port contradicts the claim', async (t) => {
  t.equal((await compare(t, { ipvs: true, refusal: '' })).verdicts[PORT]?.holds, false)
})

t.test('without IPVS: the mesh is inconclusive with the reason, and no service of it is started', async (t) => {
  const { verdicts, commands } = await compare(t, { ipvs: false })
  t.equal(verdicts[PORT]?.holds, true, 'needs no mesh')
  t.equal(verdicts[CONNECTION]?.holds, null)
  t.match(
    messageText(verdicts[CONNECTION]?.detail as Message),
    /^the kernel of node1 has no IPVS.*; through the balancer 2 of 2 replicas answered$/,
  )
  t.strictSame(
    commands.filter((command) => command.includes('--network')),
    [],
  )
})

t.test('services of the mesh have the registry login, and the timeouts of the stack', async (t) => {
  const { commands } = await compare(t, { ipvs: true, slowdown: 40 })
  const created = commands.filter((command) => command.startsWith('docker service create'))
  t.equal(created.length, 3)
  for (const command of created) t.match(command, ' --with-registry-auth --no-resolve-image ')
  for (const option of [
    "--env REDIS_TIMEOUT=40 --env HEALTH_SECONDS=80 --env GUNICORN_CMD_ARGS='--timeout 1200'",
    "--env RES_OPTIONS='timeout:30 attempts:1'",
    '--health-interval 80s --health-timeout 120s --health-retries 5 --health-start-period 1200s',
  ])
    t.match(created[2], option)
})

t.test('the requests through the balancer are evidence, and without them nothing is claimed', async (t) => {
  const { verdicts } = await compare(t, { ipvs: true })
  const recorded = verdicts[PORT]?.evidence.find(
    ({ title }) => title === 'One request to each app through the balancer',
  )
  t.match(
    messageText(recorded?.stdout ?? ''),
    /^\/app1\/api\/counter +200 +replica\d\n\/app2\/api\/counter +200 +replica\d$/m,
  )
  const none = await compare(t, { ipvs: true, nodes: [] })
  t.equal(none.verdicts[PORT]?.holds, null, 'no node of the balancer')
})
