import fc from 'fast-check'
import t from 'tap'
import { inArena, putSources } from './file-cases.ts'
import { fileTasks } from './file-tasks.ts'
import { checkThenRun, property, startNode, type TaskSpec } from './harness.ts'
import { listsOf } from './lists.ts'
import { mixedTasks, putScript, startServer } from './mixed-tasks.ts'

const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })
putSources(node)
putScript(node)
await startServer(t, node)

/** Commands may affect each other: only a single task is certain. */
const single = (tasks: readonly TaskSpec[]): boolean => tasks.length === 1

await property(
  t,
  'one task that runs, looks, fetches, waits or judges',
  { runs: 40 },
  inArena(listsOf(mixedTasks, 1), single, false),
  (given) => checkThenRun(node, given),
)
await property(
  t,
  'lists of all kinds of tasks',
  { runs: 50 },
  inArena(
    listsOf(fc.oneof({ weight: 2, arbitrary: mixedTasks }, { weight: 1, arbitrary: fileTasks }), 6),
    single,
    false,
  ),
  (given) => checkThenRun(node, given),
)
