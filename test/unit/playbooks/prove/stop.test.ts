import { type ExperimentContext, messageText } from 'labbook'
import t from 'tap'
import { stopVerdict } from '../../../../playbooks/prove/experiments/stop.ts'
import type { StackService } from '../../../../playbooks/prove/model.ts'

const OLD = { id: 't1', name: 'web.1', node: 'node2', desired: 'running', state: 'running', error: '' }
const ENDED = 't1\tweb.1\tnode2\tShutdown\tShutdown 1 second ago\t\n'

/** The verdict on an old task of which `docker inspect` prints these lines. */
const verdictOn = async (stdout: string, { tasks = ENDED, signals = '' } = {}) => {
  const asked: string[] = []
  const on = {
    groups: { swarm: ['node1', 'node2', 'node3'] },
    exec: async ({ command }: { command: string }) => ({
      stdout: command.startsWith('docker ps') ? 'c9\n' : tasks,
      exitCode: 0,
    }),
    watch: async ({ until }: { until: (observed: { stdout: string }) => boolean }) => ({
      reached: until({ stdout }),
      exhibit: { id: 'x', stdout },
    }),
    exhibit: async ({ host = '' }) => {
      asked.push(host)
      return { stdout: signals }
    },
  } as unknown as ExperimentContext
  const service = { name: 'web' } as StackService
  const verdict = await stopVerdict(on, service, 'shop_web', [OLD])
  return { ...verdict, detail: messageText(verdict.detail ?? ''), asked }
}

t.test('containers stop by themselves only if they have stopped', async (t) => {
  t.match(await verdictOn('t1 shutdown 0 null\n'), { holds: true, detail: '1 of 1 containers stopped by themselves' })
  t.match(await verdictOn('t1 shutdown 137 null\n'), { holds: false, detail: /killed after 10 s/ })
  t.match(await verdictOn('t1 running 0 120000000000\n'), { holds: null, detail: /not all old containers/ })
  t.match(await verdictOn(''), { holds: null }, 'no longer in the history')
})

t.test('whether the stop signal is handled is read from a new container, on whichever node it runs', async (t) => {
  const tasks = `${ENDED}t2\tweb.1\tnode3\tRunning\tRunning 1 second ago\t\n`
  const killed = (caught: string) =>
    verdictOn('t1 shutdown 137 null\n', { tasks, signals: ` <nil>\nSigBlk:\t0\nSigCgt:\t${caught}\n` })
  t.match(await killed('0000000000000002'), { facts: { handlesStopSignal: 'no' }, asked: ['node3'] })
  t.match(await killed('0000000000004002'), { facts: { handlesStopSignal: 'yes' } })
  const gone = await verdictOn('t1 shutdown 137 null\n')
  t.same(gone.facts, { grace: 10 }, 'no new container')
  t.same(gone.asked, [])
})
