import fc from 'fast-check'
import t from 'tap'
import { accounts, accountTasks, KEEP_ACCOUNTS, LOOK, LOOK_CLOSELY, settledAccounts } from './account-tasks.ts'
import { checkThenRun, property, startNode, type Case } from './harness.ts'
import { hostState, hostTasks, LOOK as LOOK_AT_HOST, settledHost } from './host-tasks.ts'
import { listsOf } from './lists.ts'
import { LOOK as LOOK_AT_REPOSITORIES, repositoryState, repositoryTasks } from './repository-tasks.ts'

const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })
node.sh(KEEP_ACCOUNTS)

const aboutAccounts = (most: number): fc.Arbitrary<Case> =>
  fc
    .record({ start: accounts, tasks: listsOf(accountTasks, most) })
    .map((given) => ({ ...given, look: LOOK, lookClosely: LOOK_CLOSELY, settled: settledAccounts(given.tasks) }))
const aboutHost = fc
  .record({ start: hostState, tasks: listsOf(hostTasks, 4) })
  .map((given) => ({ ...given, look: LOOK_AT_HOST, settled: settledHost(given.tasks) }))
const aboutRepositories = fc
  .record({ start: repositoryState, tasks: listsOf(repositoryTasks, 4) })
  .map((given) => ({ ...given, look: LOOK_AT_REPOSITORIES, settled: given.tasks.length === 1 }))

await property(t, 'one user, group or file of theirs', { runs: 30 }, aboutAccounts(1), (given) =>
  checkThenRun(node, given),
)
await property(t, 'users, groups and their files in one list', { runs: 30 }, aboutAccounts(5), (given) =>
  checkThenRun(node, given),
)
await property(t, 'the name of the host and settings of its kernel', { runs: 30 }, aboutHost, (given) =>
  checkThenRun(node, given),
)
await property(t, 'APT repositories and their keys', { runs: 20 }, aboutRepositories, (given) =>
  checkThenRun(node, given),
)
