import fc from 'fast-check'
import t from 'tap'
import { accounts, accountTasks, KEEP_ACCOUNTS, LOOK as LOOK_AT_ACCOUNTS, settledAccounts } from './account-tasks.ts'
import { inArena, putSources } from './file-cases.ts'
import { fileTasks } from './file-tasks.ts'
import { hidden, killThenRun, property, runTasks, startNode, type TaskSpec } from './harness.ts'

/*
 * A run that is killed and started again. Only lists without contradiction, all of which can be done: what does not
 * come to an end undisturbed has no end to compare with.
 */

const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })
putSources(node)
node.sh(KEEP_ACCOUNTS)

const blow = fc.record({
  whom: fc.constantFrom('runner' as const, 'sshd' as const),
  task: fc.nat({ max: 1 }),
  delayMs: fc.nat({ max: 150 }),
})

/** A backup is named by its time, and a run that is killed after it makes another: both are right. */
const comparable = ({ params }: TaskSpec): boolean => params['backup'] === undefined

const files = inArena(fc.array(fileTasks.filter(comparable), { minLength: 2, maxLength: 6, size: 'max' })).filter(
  ({ settled }) => settled,
)
const users = fc
  .array(accountTasks, { minLength: 2, maxLength: 4, size: 'max' })
  .filter(settledAccounts)
  .chain((tasks) => accounts.map((start) => ({ start, tasks, look: LOOK_AT_ACCOUNTS })))

t.test('a user that a killed run has made, and not come to the password of, gets it', async (t) => {
  const hash = '$6$salt$hash'
  node.sh('cp -p /root/accounts/* /etc/ && rm -rf /home/ann && useradd -m ann')
  const { exitCode } = await runTasks(
    node,
    [{ module: 'user', params: { name: 'ann', password: hidden(hash), update_password: 'on_create' } }],
    false,
  )
  t.equal(exitCode, 0)
  t.equal(node.sh('awk -F: \'$1 == "ann" { print $2 }\' /etc/shadow').trim(), hash)
})

await property(t, 'files', { runs: 8 }, fc.record({ given: files, blow }), ({ given, blow }) =>
  killThenRun(node, given, blow),
)
await property(t, 'accounts', { runs: 6 }, fc.record({ given: users, blow }), ({ given, blow }) =>
  killThenRun(node, given, blow),
)
