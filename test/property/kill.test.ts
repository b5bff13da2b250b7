import fc from 'fast-check'
import t from 'tap'
import { accounts, accountTasks, KEEP_ACCOUNTS, LOOK as LOOK_AT_ACCOUNTS, settledAccounts } from './account-tasks.ts'
import { inArena, putSources } from './file-cases.ts'
import { fileTasks } from './file-tasks.ts'
import { killThenRun, property, startNode, type TaskSpec } from './harness.ts'

/*
 * A run that is killed and started again. Only lists without contradiction, all of which can be done: what does not come
 * to an end undisturbed has no end to compare with.
 */

const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })
putSources(node)
node.sh(KEEP_ACCOUNTS)

const blow = fc.record({ whom: fc.constantFrom('runner' as const, 'sshd' as const), task: fc.nat({ max: 4 }), delayMs: fc.nat({ max: 60 }) })

/** A backup is named by its time, and a run that is killed after it makes another: both are right. */
const comparable = ({ params }: TaskSpec): boolean => params['backup'] === undefined

const files = inArena(fc.array(fileTasks.filter(comparable), { minLength: 2, maxLength: 6, size: 'max' })).filter(({ settled }) => settled)
const users = fc.array(accountTasks, { minLength: 2, maxLength: 4, size: 'max' }).filter(settledAccounts)
  .chain((tasks) => accounts.map((start) => ({ start, tasks, look: LOOK_AT_ACCOUNTS })))

await property(t, 'files', { runs: 8 }, fc.record({ given: files, blow }), ({ given, blow }) => killThenRun(node, given, blow))
await property(t, 'accounts', { runs: 6 }, fc.record({ given: users, blow }), ({ given, blow }) => killThenRun(node, given, blow))
