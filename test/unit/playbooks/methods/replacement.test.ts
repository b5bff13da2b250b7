import type { ExperimentContext } from 'labbook'
import t from 'tap'
import { NO_TIMELINE } from '../../../../playbooks/methods/observe.ts'
import { hangContainer } from '../../../../playbooks/methods/replacement.ts'
import { namedService } from '../../../../playbooks/methods/tasks.ts'

const WEB = namedService({ stack: 'shop' }, 'web')
const CONTAINER = { task: 't1', node: 'node2', id: 'c1' }
const running = (task: string): string => `${task}\tshop_web.1\tnode2\tRunning\tRunning 1 hour ago\t\n`

/** What becomes of a container whose health is this, while the tasks are these afterwards. */
async function hang(health: readonly string[], tasks: string) {
  const limits: number[] = []
  const on = {
    timeoutMultiplier: 1,
    exec: async () => ({ exitCode: 0, stdout: running('t1'), stderr: '' }),
    exhibit: async () => ({ id: 'x', exitCode: 0, stdout: '', stderr: '' }),
    watch: async ({ command, within, until }: Parameters<ExperimentContext['watch']>[0]) => {
      limits.push(within ?? 0)
      const list = command.includes('inspect') ? health : [tasks]
      const reached = list.some((stdout) => until({ exitCode: 0, stdout, stderr: '' } as Parameters<typeof until>[0]))
      return { reached, exhibit: { id: 'x' } }
    },
  } as unknown as ExperimentContext
  const { unhealthy, replaced } = await hangContainer(on, WEB, CONTAINER, 60, NO_TIMELINE)
  return { isUnhealthy: unhealthy.reached, isReplaced: replaced.reached, limits }
}

t.test('a container that hangs is unhealthy, and then replaced', async (t) => {
  const both = { isUnhealthy: true, isReplaced: true, limits: [60, 180] }
  t.same(await hang(['running healthy\n', 'running unhealthy\n'], running('t2')), both)
  t.same(await hang(['exited unhealthy\n'], running('t2')), both, 'it has ended')
  t.match(await hang(['running unhealthy\n'], running('t1')), { isUnhealthy: true, isReplaced: false })
})

t.test('a container that stays healthy is not waited for again', async (t) => {
  const healthy = await hang(['running starting\n', 'running healthy\n'], running('t1'))
  t.same(healthy, { isUnhealthy: false, isReplaced: false, limits: [60, 1] })
})
