import { type ExperimentContext, messageText } from 'labbook'
import t from 'tap'
import { stopVerdict } from '../../../../playbooks/prove/experiments/stop.ts'
import type { StackService } from '../../../../playbooks/prove/model.ts'

const OLD = { id: 't1', name: 'web.1', node: 'node2', desired: 'running', state: 'running', error: '' }

/** The verdict on an old task of which `docker inspect` prints these lines. */
const verdictOn = async (stdout: string) => {
  const on = {
    exec: async () => ({ stdout: 't1\tweb.1\tnode2\tShutdown\tRunning 1 second ago\t', exitCode: 0 }),
    watch: async ({ until }: { until: (observed: { stdout: string }) => boolean }) => ({
      reached: until({ stdout }),
      exhibit: { id: 'x', stdout },
    }),
    exhibit: async () => ({ stdout: '' }),
  } as unknown as ExperimentContext
  const service = { name: 'web' } as StackService
  const verdict = await stopVerdict(on, service, 'shop_web', [OLD], { task: 't1', node: 'node2', id: 'c1' })
  return { ...verdict, detail: messageText(verdict.detail ?? '') }
}

t.test('containers stop by themselves only if they have stopped', async (t) => {
  t.match(await verdictOn('t1 shutdown 0 null\n'), { holds: true, detail: '1 of 1 containers stopped by themselves' })
  t.match(await verdictOn('t1 shutdown 137 null\n'), { holds: false, detail: /killed after 10 s/ })
  t.match(await verdictOn('t1 running 0 120000000000\n'), { holds: null, detail: /not all old containers/ })
  t.match(await verdictOn(''), { holds: null }, 'no longer in the history')
})
