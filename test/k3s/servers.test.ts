import { readFileSync } from 'node:fs'
import { runPlaybook } from '../support/playbook.ts'
import { changed, waitFor, findings, taskNames, part, assertSucceeds, vars } from './results.ts'
import {
  addressOf,
  artifacts,
  incrementBy,
  readCount,
  appEndpoints,
  kubectl,
  labDirectory,
  NODES,
  nodeFields,
  oneAtATime,
  createTestLab,
  READY,
  restartedHosts,
  HEALTHY,
} from './support.ts'

/* From one server with SQLite to three with etcd, one of which is then powered off. */

const ARTIFACTS = vars({ k3s_artifacts: artifacts() })
const here = await createTestLab()
const [ONE, THREE] = [here.inventory(['node1']), here.inventory(NODES)]
const k3s = (subcommand: string, inventory: readonly string[], ...more: string[]) =>
  runPlaybook('playbooks/k3s.mjs', [subcommand, ...inventory, ...ARTIFACTS, ...more])
const ETCD = '{.metadata.labels.node-role\\.kubernetes\\.io/etcd}'
const everyNode = (value: string): Record<string, string> => Object.fromEntries(NODES.map((node) => [node, value]))

/** Runs kubectl against the API of one server. */
const kubectlOn = (server: (typeof NODES)[number], ...words: string[]): string =>
  kubectl('--server', `https://${addressOf(server)}:6443`, ...words)

let counted = 0

const ONE_SERVER = 'up installs a single server, without etcd'
const THREE_SERVERS = 'up with three servers uses etcd and keeps the data'
const POWERED_OFF = 'API and app keep working with one of three servers powered off'

await part(ONE_SERVER, async (t) => {
  await assertSucceeds(t, k3s('up', ONE))
  t.match(findings(), HEALTHY)
  t.strictSame(nodeFields(READY), { node1: 'True' })
  t.strictSame(nodeFields(ETCD), { node1: '' }, 'a single server has no etcd')
  counted = await incrementBy(t, 20, appEndpoints(8080, ['node1']))
})

await part(
  THREE_SERVERS,
  async (t) => {
    await assertSucceeds(t, k3s('up', THREE))
    t.match(findings(), HEALTHY)
    t.strictSame(restartedHosts(), NODES)
    t.ok(oneAtATime(), 'each server is Ready before the next one restarts')
    t.strictSame(nodeFields(READY), everyNode('True'))
    t.strictSame(nodeFields(ETCD), everyNode('true'))
    for (const server of NODES) t.equal(kubectlOn(server, 'get', '--raw', '/readyz'), 'ok', `${server} serves the API`)
    // The check of the app increments, too.
    t.ok(((await readCount()) ?? 0) >= counted, 'the app keeps the count')
    counted = await incrementBy(t, 20)
  },
  [ONE_SERVER],
)

await part(
  'a second run on three servers changes nothing',
  async (t) => {
    await assertSucceeds(t, k3s('up', THREE))
    t.strictSame(taskNames(changed()), [])
  },
  [THREE_SERVERS],
)

await part(
  'a configuration change restarts one server at a time',
  async (t) => {
    await assertSucceeds(t, k3s('up', THREE, ...vars({ k3s_config: { 'kubelet-arg': ['max-pods=100'] } })))
    t.strictSame(restartedHosts(), NODES)
    t.ok(oneAtATime(), 'each server is Ready before the next one restarts')
    t.strictSame(nodeFields('{.status.capacity.pods}'), everyNode('100'))
    await assertSucceeds(t, k3s('up', THREE))
    t.strictSame(nodeFields('{.status.capacity.pods}'), everyNode('110'))
  },
  [THREE_SERVERS],
)

await part(
  POWERED_OFF,
  async (t) => {
    // The Redis volume is on the first server, where it was created.
    t.equal(kubectl('--namespace', 'counter', 'get', 'pod', 'redis-0', '-o', 'jsonpath={.spec.nodeName}'), 'node1')
    counted = await waitFor('the app answers', () => readCount())
    process.kill(Number(readFileSync(`${labDirectory}/nodes/node3/pid`, 'utf8').split(' ')[0]), 'SIGKILL')
    await waitFor('node3 is NotReady', () => (nodeFields(READY).node3 === 'True' ? undefined : true))
    for (const server of ['node1', 'node2'] as const) {
      kubectlOn(server, '--namespace', 'counter', 'create', 'configmap', `written-by-${server}`, '--from-literal=a=b')
      kubectlOn(server, '--namespace', 'counter', 'delete', 'configmap', `written-by-${server}`)
    }
    const rest = appEndpoints(8080, ['node1', 'node2'])
    t.equal(await waitFor('the app answers on the others', () => readCount(rest)), counted)
    await waitFor('the app runs on the others', () => {
      const ready = kubectl(
        '--namespace',
        'counter',
        'get',
        'pods',
        '--selector',
        'app.kubernetes.io/name=counter',
        '--field-selector',
        'spec.nodeName!=node3',
        '-o',
        'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}',
      )
        .split('\n')
        .filter((line) => line === 'True')
      return ready.length === 4 ? true : undefined
    })
    counted = await incrementBy(t, 20, rest)
  },
  [THREE_SERVERS],
)

await part(
  'a server that is powered on again rejoins automatically',
  async (t) => {
    await assertSucceeds(t, runPlaybook('playbooks/lab.mjs', ['up', ...THREE]))
    await waitFor('node3 is Ready', () => (nodeFields(READY).node3 === 'True' ? true : undefined))
    t.equal(await waitFor('the app answers everywhere', () => readCount()), counted)
    await assertSucceeds(t, k3s('up', THREE))
    t.strictSame(restartedHosts(), [], 'a run after the node has rejoined restarts nothing')
    t.match(findings(), HEALTHY)
  },
  [POWERED_OFF],
)

await part('reset removes all three servers', async (t) => {
  await assertSucceeds(t, k3s('reset', THREE))
  await assertSucceeds(t, k3s('reset', THREE))
  t.strictSame(taskNames(changed()), [])
  await here.remove(t)
})
