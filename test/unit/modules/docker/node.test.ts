import { chmodSync } from 'node:fs'
import t from 'tap'
import { docker_node } from '../../../../src/modules/docker/node.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { node, NOT_A_MANAGER, printed } from './recorded/swarm-answers.ts'

const { definition } = docker_node
type Input = Parameters<typeof definition.schema.parse>[0]
const plan = (params: Input, ...nodes: object[]) =>
  definition.plan(definition.schema.parse(params), { stdout: printed([200, nodes]), stderr: '', exitCode: 0 }, {}, {})
const descriptions = (params: Input, ...nodes: object[]) =>
  plan(params, ...nodes).changes.map(({ description }) => description)

const node2 = node('v4txh2k3ezw1fw7pgqbvb4d8n', 'node2', { labels: { disk: 'ssd', old: 'yes' } })

void t.test('a node in the desired state needs no change and is registered', async (t) => {
  const { changes, values } = plan(
    { hostname: 'node2', role: 'worker', availability: 'active', labels: { disk: 'ssd' } },
    node2,
  )
  t.same(changes, [])
  t.match(values?.node, { id: 'v4txh2k3ezw1fw7pgqbvb4d8n', addr: '10.77.0.12', labels: { old: 'yes' } })
})

void t.test('role, availability and labels are set in one step', async (t) => {
  const { changes } = plan(
    { hostname: 'node2', role: 'manager', availability: 'drain', labels: { disk: 'hdd' } },
    node2,
  )
  t.equal(changes.length, 1)
  t.equal(changes[0]?.description, 'update node node2: role manager, availability drain, label disk=hdd')
  t.match(
    changes[0]?.script,
    'docker node update --role manager --availability drain --label-add disk=hdd v4txh2k3ezw1fw7pgqbvb4d8n',
  )
  t.same(changes[0]?.diff, {
    subject: 'node node2',
    before: 'role: worker\navailability: active\nlabel disk: ssd\nlabel old: yes\n',
    after: 'role: manager\navailability: drain\nlabel disk: hdd\nlabel old: yes\n',
  })
})

void t.test('replace removes other labels, merge only labels_to_remove', async (t) => {
  const asked = { hostname: 'node2', labels: { disk: 'ssd' } }
  t.same(descriptions({ ...asked, labels_state: 'replace' }, node2), ['update node node2: remove label old'])
  t.same(descriptions({ ...asked, labels_to_remove: ['old', 'never'] }, node2), ['update node node2: remove label old'])
})

void t.test('the full hostname is compared: the engine filters by prefix', async (t) => {
  t.match(plan({ hostname: 'node' }, node2).problem, /node "node" not found/)
})

void t.test('the down entry of a node that rejoined is removed, the ready one is updated', async (t) => {
  const stale = node('aaa', 'node2', { state: 'down', role: 'manager', created: '2024-05-02T10:00:00Z' })
  const { changes, values } = plan({ hostname: 'node2', availability: 'drain' }, stale, node2)
  t.same(
    changes.map(({ description }) => description),
    ['update node node2: availability drain', 'remove node node2 (aaa)'],
  )
  t.match(changes[1]?.script, /--role worker aaa[^]*node rm --force aaa/)
  t.equal(values?.node.id, 'v4txh2k3ezw1fw7pgqbvb4d8n')
})

void t.test('the newer of two down entries is the node', async (t) => {
  const older = node('aaa', 'node2', { state: 'down', created: '2024-01-01T00:00:00Z' })
  const newer = node('bbb', 'node2', { state: 'down', created: '2024-06-01T00:00:00Z' })
  t.same(descriptions({ hostname: 'node2' }, older, newer), ['remove node node2 (aaa)'])
})

void t.test('the stale entry of a node that rejoined is removed even while it still counts as ready', async (t) => {
  const older = node('aaa', 'node2', { created: '2024-01-01T00:00:00Z' })
  const newer = node('bbb', 'node2', { created: '2024-06-01T00:00:00Z' })
  const { changes, values } = plan({ hostname: 'node2' }, older, newer)
  t.same(
    changes.map(({ description }) => description),
    ['remove node node2 (aaa)'],
  )
  t.equal(values?.node.id, 'bbb')
})

void t.test('two ready nodes with one hostname are an error', async (t) => {
  t.match(
    plan({ hostname: 'node2', availability: 'drain' }, node2, node('bbb', 'node2')).problem,
    /2 ready nodes have the hostname "node2"/,
  )
})

void t.test('absent removes every entry of that name', async (t) => {
  t.equal(
    descriptions({ hostname: 'node2', state: 'absent' }, node2, node('bbb', 'node2', { state: 'down' })).length,
    2,
  )
  t.same(descriptions({ hostname: 'node3', state: 'absent' }), [])
})

void t.test('a worker cannot run docker_node', async (t) => {
  const observed = { stdout: printed([503, NOT_A_MANAGER]), stderr: '', exitCode: 0 }
  t.match(definition.plan(definition.schema.parse({ hostname: 'x' }), observed, {}, {}).problem, /not a Swarm manager/)
})

for (const shell of shells) {
  void t.test(
    `${shell.name}: an update that a heartbeat overtook is tried again, any other refusal is reported`,
    async (t) => {
      const bin = t.testdir({
        docker: [
          '#!/bin/sh',
          'if [ ! -e "$0.ran" ]; then : >"$0.ran"; echo "Error response from daemon: rpc error: code = Unknown desc = update out of sequence" >&2; exit 1; fi',
          'case $* in *drain*) exit 0 ;; esac; echo "node not found" >&2; exit 1',
        ].join('\n'),
      })
      chmodSync(`${bin}/docker`, 0o755)
      const env = { PATH: `${bin}:${process.env.PATH}` }
      const [drain] = plan({ hostname: 'node2', availability: 'drain' }, node2).changes
      const [pause] = plan({ hostname: 'node2', availability: 'pause' }, node2).changes
      t.match(runIn(shell, drain?.script ?? '', { env }), { exitCode: 0, stderr: '' })
      t.match(runIn(shell, pause?.script ?? '', { env }), { exitCode: 1, stderr: 'node not found\n' })
    },
  )
}

void t.test(
  'after a task that makes the node join, its old entry is removed and its settings are set again',
  async (t) => {
    const after = (params: Input, state: Record<string, unknown>, ...nodes: object[]) =>
      definition
        .planAfter?.(
          definition.schema.parse(params),
          { stdout: printed([200, nodes]), stderr: '', exitCode: 0 },
          { changed: state, known: state },
          {},
          {},
        )
        ?.changes.map(({ description }) => description)
    const joined = { 'docker-node:node2': 'joined' }
    const labelled: Input = { hostname: 'node2', role: 'worker', labels: { disk: 'ssd' } }
    const down = node('aaa', 'node2', { state: 'down', labels: { disk: 'ssd' } })
    t.same(after(labelled, joined, down), ['update node node2: label disk=ssd', 'remove node node2 (aaa)'])
    t.same(after({ hostname: 'node2' }, joined, down), ['remove node node2 (aaa)'])
    t.equal(after({ hostname: 'node2' }, joined), undefined, 'its role is not certain')
    t.equal(after(labelled, { ...joined, 'unit:docker.service': 'active' }, down), undefined, 'more has changed')
    t.equal(after({ hostname: 'node2', state: 'absent' }, joined, down), undefined)
  },
)
