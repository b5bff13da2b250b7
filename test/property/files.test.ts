import fc from 'fast-check'
import t from 'tap'
import { archiveTasks } from './archive-tasks.ts'
import { inArena, putSources } from './file-cases.ts'
import { fileTasks } from './file-tasks.ts'
import { checkThenRun, property, startNode } from './harness.ts'
import { listsOf } from './lists.ts'

const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })
putSources(node)

const tasks = fc.oneof({ weight: 10, arbitrary: fileTasks }, { weight: 1, arbitrary: archiveTasks })

await property(t, 'one task, from any state of the files', { runs: 60 }, inArena(listsOf(tasks, 1)), (given) =>
  checkThenRun(node, given),
)
await property(t, 'lists of tasks that touch the same files', { runs: 60 }, inArena(listsOf(tasks, 6)), (given) =>
  checkThenRun(node, given),
)
