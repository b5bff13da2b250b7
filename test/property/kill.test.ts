import fc from 'fast-check'
import t from 'tap'
import { accounts, accountTasks, KEEP_ACCOUNTS, LOOK as LOOK_AT_ACCOUNTS, settledAccounts } from './account-tasks.ts'
import { inArena, putSources } from './file-cases.ts'
import { fileTasks } from './file-tasks.ts'
import { secretValue, killThenRun, property, runTasks, startNode, type TaskSpec } from './harness.ts'

/*
 * A run is killed and repeated. Only lists without contradictions, whose tasks all succeed: a list that fails
 * undisturbed has no final state to compare with.
 */

const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })
putSources(node)
node.sh(KEEP_ACCOUNTS)

const blow = fc.record({
  whom: fc.constantFrom('runner' as const, 'sshd' as const),
  task: fc.nat({ max: 1 }),
  delayMs: fc.nat({ max: 150 }),
})

/** Names of backups contain the time, and a run killed after a backup creates another: both are correct. */
const comparable = ({ params }: TaskSpec): boolean => params['backup'] === undefined

const files = inArena(fc.array(fileTasks.filter(comparable), { minLength: 2, maxLength: 6, size: 'max' })).filter(
  ({ settled }) => settled,
)
const users = fc
  .array(accountTasks, { minLength: 2, maxLength: 4, size: 'max' })
  .filter(settledAccounts)
  .chain((tasks) => accounts.map((start) => ({ start, tasks, look: LOOK_AT_ACCOUNTS })))

t.test('a run after a kill sets the password of a user created without it', async (t) => {
  const hash = '$6$salt$hash'
  node.sh('cp -p /root/accounts/* /etc/ && rm -rf /home/ann && useradd -m -N -p !labbook ann')
  const { exitCode } = await runTasks(
    node,
    [{ module: 'user', params: { name: 'ann', password: secretValue(hash), update_password: 'on_create' } }],
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
