import { type ExperimentContext, messageText } from 'labbook'
import t from 'tap'
import { NO_TIMELINE } from '../../../../playbooks/methods/observe.ts'
import { namedService } from '../../../../playbooks/methods/tasks.ts'
import { endOf, forceUpdate, undoUpdate } from '../../../../playbooks/methods/updates.ts'

const WEB = namedService({ stack: 'shop' }, 'web')

/** A Swarm whose commands print this; `states` are what the watched command prints, in turn. */
function swarm(print: (command: string) => string, states: readonly string[], exitCode = 0) {
  const commands: string[] = []
  const run = (command: string) => {
    if (!command.startsWith('docker service ps')) commands.push(command)
    const isChange = / (update|rollback) --detach/.test(command)
    return { id: 'x', exitCode: isChange ? exitCode : 0, stdout: print(command), stderr: 'no quorum\n' }
  }
  const on = {
    timeoutMultiplier: 1,
    exec: async ({ command }: { command: string }) => run(command),
    exhibit: async ({ command }: { command: string }) => run(command),
    watch: async ({ command, until }: { command: string; until: (result: { stdout: string }) => boolean }) => ({
      reached: states
        .filter((stdout) => stdout.includes('\t') || !command.startsWith('docker service ps'))
        .some((stdout) => until({ stdout })),
      exhibit: { id: 'x' },
    }),
  } as unknown as ExperimentContext
  return { on, commands }
}

t.test('an update is waited for, not an earlier one', async (t) => {
  const ended = async (earlier: string, ...states: readonly string[]): Promise<string> =>
    messageText(endOf({ ...(await forceUpdate(swarm(() => earlier, states).on, WEB, NO_TIMELINE)), took: 1 }))
  const old = 'completed update completed\n10:00\n'
  t.equal(await ended(old, old, 'none\n', 'completed new one\n11:00\n', 'updating\n'), 'new one after 1.0 s')
  t.equal(await ended('none\n', 'none\n', 'paused it failed\n11:00\n', 'updating\n'), 'it failed after 1.0 s')
  const refused = forceUpdate(swarm(() => old, [], 1).on, WEB, NO_TIMELINE)
  await t.rejects(refused, /cannot start: forced update of web/)
})

t.test('the task that the scheduler leaves pending explains the end', async (t) => {
  const pending =
    'updating update in progress\n11:00\nt1\tshop_web.1\t\tRunning\tPending 1 second ago\t"no suitable node"\n'
  const { error, state } = await forceUpdate(swarm(() => 'none\n', [pending]).on, WEB, NO_TIMELINE)
  t.match({ error, state }, { error: 'no suitable node', state: 'updating update in progress' })
  // An update that failed leaves such a task behind.
  const left = pending.replace('updating', 'rollback_completed').replace('Running', 'Shutdown')
  t.match(await forceUpdate(swarm(() => 'none\n', [left]).on, WEB, NO_TIMELINE), { error: '' })
})

t.test('what an update has set is removed from any point, and waited for', async (t) => {
  const undone = async (specification: string, states: readonly string[], exitCode = 0): Promise<string[]> => {
    const { on, commands } = swarm(() => specification, states, exitCode)
    await undoUpdate(on, WEB, 'broken:1')
    return commands.slice(1)
  }
  const over = ['none\n', 'completed\n11:00\n']
  t.same(await undone('{"Image":"broken:1"}', over), ['docker service rollback --detach --quiet shop_web'])
  t.same(await undone('{"Env":["LABBOOK_RELEASE=1"]}', over), [
    'docker service update --detach --quiet --env-rm LABBOOK_RELEASE shop_web',
  ])
  t.same(await undone('{}', ['none\n']), [], 'nothing to undo')
  await t.rejects(undone('{"Image":"broken:1"}', ['none\n']), /update of web is not over/, 'it has not begun')
  await t.rejects(undone('{"Image":"broken:1"}', over, 1), /cannot update web: no quorum/)
})

t.test('a second task in a slot that Swarm keeps is removed by another update', async (t) => {
  const task = (id: string, slot: number, desired: string) =>
    `${id}\tshop_web.${slot}\tnode1\t${desired}\tRunning 1 minute ago\t\n`
  const forced = async (tasks: string, ...later: readonly string[]): Promise<string[]> => {
    const { on, commands } = swarm(
      (command) => (command.startsWith('docker service ps') ? tasks : '{}'),
      [...later, 'none\n', 'completed\n11:00\n'],
    )
    await undoUpdate(on, WEB, 'broken:1')
    return commands.slice(1)
  }
  const doubled = task('t1', 1, 'Running') + task('t2', 2, 'Running') + task('t3', 2, 'Running')
  const single = task('t1', 1, 'Running') + task('t2', 2, 'Running') + task('t3', 2, 'Shutdown')
  t.same(await forced(single), [], 'the second task is being shut down')
  t.same(await forced(doubled, single), [], 'Swarm removes it by itself')
  t.same(await forced(doubled, doubled), ['docker service update --detach --quiet --force shop_web'])
})
