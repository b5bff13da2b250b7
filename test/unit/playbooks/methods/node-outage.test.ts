import { type ExperimentContext } from 'labbook'
import t from 'tap'
import { NODE_FAULTS } from '../../../../playbooks/methods/node-faults.ts'
import { injectNodeFault, recoverNode } from '../../../../playbooks/methods/node-outage.ts'
import { NO_TIMELINE } from '../../../../playbooks/methods/observe.ts'
import { namedService } from '../../../../playbooks/methods/tasks.ts'

const SERVICES = [{ ...namedService({ stack: 'shop' }, 'web'), replicas: 2 }]

/** A Swarm whose commands end with this exit code, and print these states in turn while they are watched. */
function swarm(states: Readonly<Record<string, readonly string[]>>, exitCode = 0) {
  const titles: string[] = []
  const on = {
    hosts: ['node1'],
    groups: { swarm: ['node1', 'node2'] },
    hostvars: () => ({}),
    timeoutMultiplier: 0.001,
    exhibit: async () => ({ id: 'x', exitCode, stdout: '', stderr: 'refused' }),
    watch: async ({ command, until }: Parameters<ExperimentContext['watch']>[0]) => {
      const [key = '', list = []] = Object.entries(states).find(([part]) => command.includes(part)) ?? []
      titles.push(key)
      for (const stdout of list) {
        if (until({ exitCode: 0, stdout, stderr: '' } as Parameters<typeof until>[0]))
          return { reached: true, seconds: 0, exhibit: { id: key, stdout } }
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      return { reached: false, seconds: 0, exhibit: { id: key, stdout: '' } }
    },
  } as unknown as ExperimentContext
  return { on, titles }
}

const tasks = (...nodes: readonly string[]): string =>
  `== web\n${nodes.map((node, i) => `t${i}\tshop_web.1\t${node}\tRunning\tRunning 1 hour ago\t\n`).join('')}`
const PENDING = 'p\tshop_web.2\t\tRunning\tPending 1 second ago\t"no suitable node"\n'

t.test('a drained node is empty once its tasks have stopped, and they run on other nodes', async (t) => {
  const { on, titles } = swarm({
    'node ps': ['Running 1 hour ago\tweb.1\n', 'Shutdown 1 second ago\tweb.1\n'],
    'service ps': [tasks('node1', 'node2'), tasks('node1', 'node1')],
  })
  const fault = NODE_FAULTS.drain(on, 'node2')
  const outage = await injectNodeFault(on, 'node2', fault, NO_TIMELINE, { state: 'empty', services: SERVICES })
  t.same(titles, ['node ps', 'service ps'])
  t.match(outage, { state: { reached: true }, moved: { reached: true } })
})

t.test('a node without power is Down; a task that cannot be scheduled has not moved', async (t) => {
  const { on, titles } = swarm({
    'node ls': ['node2   Ready   Active\n', 'node2   Down   Active\n'],
    'service ps': [tasks('node1', 'node2'), tasks('node1') + PENDING, tasks('node1') + PENDING],
  })
  const fault = NODE_FAULTS['power-cut'](on, 'node2')
  const outage = await injectNodeFault(on, 'node2', fault, NO_TIMELINE, { state: 'Down', services: SERVICES })
  t.same(titles, ['node ls', 'service ps'])
  t.match(outage, { state: { reached: true }, moved: { reached: false } })
  t.match(outage.moved?.exhibit.stdout, /Pending/, 'it is not waited for longer')
})

t.test('a node that keeps its tasks is not waited for', async (t) => {
  const { on, titles } = swarm({})
  const outage = await injectNodeFault(on, 'node2', NODE_FAULTS['slow-network'](on, 'node2'), NO_TIMELINE, {})
  t.same(titles, [])
  t.match(outage, { state: undefined, moved: undefined })
})

t.test('a fault that cannot be injected, and a node that cannot be recovered, are errors', async (t) => {
  const { on } = swarm({}, 1)
  const fault = NODE_FAULTS.drain(on, 'node2')
  await t.rejects(injectNodeFault(on, 'node2', fault, NO_TIMELINE, {}), /cannot inject fault: node2 is drained/)
  await t.rejects(recoverNode(on, 'node2', fault, NO_TIMELINE), /cannot recover node2 \(exit code 1\): refused/)
})
