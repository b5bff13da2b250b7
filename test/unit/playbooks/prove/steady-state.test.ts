import { type ExperimentContext, messageText } from 'labbook'
import t from 'tap'
import { composeData, modelOfCompose } from '../../../../playbooks/prove/from-compose.ts'
import { nodeExperiments } from '../../../../playbooks/prove/experiments/node-experiment.ts'
import { ProveRun, type Session } from '../../../../playbooks/prove/session.ts'
import type { EntryTarget } from '../../../../playbooks/methods/traffic.ts'
import { awaitSteadyState } from '../../../../playbooks/methods/steady-state.ts'
import { reason } from '../../../support/in-english.ts'

const STEADY =
  '== services\nshop_web\treplicated\t2/2\n== updates\n== settings\n== tasks\nt1\tshop_web.1\tnode2\tRunning\tRunning 1 hour ago\t\n'
const NODES = 'node1   Ready   Active   Leader\nnode2   Ready   Active   \n'

/** A Swarm in the steady state; its commands, and the titles of what is watched. */
function steadySwarm() {
  const commands: string[] = []
  const watched: string[] = []
  const answer = (command: string) => {
    commands.push(command)
    return { stdout: command.includes('node ls') ? NODES : STEADY, stderr: '', exitCode: 0 }
  }
  const on = {
    hosts: ['node1'],
    groups: { swarm: ['node1', 'node2'], swarm_managers: ['node1'], swarm_workers: ['node2'] },
    hostvars: () => ({}),
    timeoutMultiplier: 1,
    exec: async ({ command }: { command: string }) => answer(command),
    watch: async ({ title, command, until }: Parameters<ExperimentContext['watch']>[0]) => {
      watched.push(messageText(title))
      const exhibit = { id: 'x', ...answer(command) }
      return { reached: until(exhibit), exhibit, seconds: 0 }
    },
    pause: () => new Promise((resolve) => setTimeout(resolve, 20)),
  } as unknown as ExperimentContext
  return { on, commands, watched }
}

const session = (targets: readonly EntryTarget[] = []): Session => ({
  stack: 'shop',
  model: modelOfCompose(composeData('services:\n  web: {image: web, deploy: {replicas: 2}}\n')),
  nodes: ['node1', 'node2'].map((hostname) => ({ hostname, attributes: {} })),
  targets,
  unsupported: {},
})

t.test('one exhibit while an entry point does not answer', async (t) => {
  const { on, watched } = steadySwarm()
  const closed: EntryTarget = {
    entryPoint: { service: 'web', port: 1, mode: 'host', probes: [{ kind: 'tcp' }], reason: reason('guess') },
    node: 'node2',
    address: { host: '127.0.0.1', port: 1 },
  }
  t.match(
    messageText((await awaitSteadyState(on, session([closed]), 0.3)) ?? ''),
    /^entry points do not answer: node2:1/,
  )
  t.same(watched, ['State of stack shop'])
  const elsewhere = session([{ ...closed, node: 'node1' }])
  t.equal(await awaitSteadyState(on, elsewhere, 0.3), undefined, 'no task runs on that node')
})

t.test(
  'steady state and rollback of a node experiment change no service; the rollback activates the node',
  async (t) => {
    const run = new ProveRun()
    run.begin(session())
    const [experiment] = nodeExperiments(run, ['drain'])
    const { on, commands } = steadySwarm()
    await experiment?.steadyState?.(on)
    t.notOk(commands.some((command) => command.includes('docker node update')))
    await experiment?.rollback?.(on)
    t.same(
      commands.filter((command) => /docker service (scale|update|rollback)/.test(command)),
      [],
      'the number of replicas is that of the stack all the time',
    )
    t.ok(commands.includes('docker node update --availability active node2'))
  },
)
