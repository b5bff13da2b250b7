import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { isSelectable, listTags } from '../../../src/cli/list-tags.ts'
import { listTasks } from '../../../src/cli/list.ts'
import { failedHosts, nothingToRetry, retriedHosts, retriedHostsText } from '../../../src/cli/retry-failed.ts'
import { stepConfirmation } from '../../../src/cli/step.ts'
import { syntaxCheck } from '../../../src/cli/syntax-check.ts'
import { emptyRecap } from '../../../src/execution/recap.ts'
import { parseInventory } from '../../../src/inventory/index.ts'
import { command } from '../../../src/modules/core/command.ts'
import { copy } from '../../../src/modules/core/copy.ts'
import { meta } from '../../../src/modules/core/meta.ts'
import { block } from '../../../src/playbook/block.ts'
import { Interrupted } from '../../../src/playbook/interrupted.ts'
import type { VarsPrompt } from '../../../src/playbook/play-options.ts'
import { play, type PlayContext, type PlaybookStep } from '../../../src/playbook/play.ts'
import { Cancelled } from '../../../src/ui/index.ts'
import { register } from '../../../src/values/reference.ts'

const hosts = ['node1', 'node2', 'node3']
const inventory = parseInventory({
  main: {
    path: 'inventory.yaml',
    text: `all:\n  hosts:\n${hosts.map((name) => `    ${name}: { ansible_host: 192.0.2.1 }\n`).join('')}`,
  },
})
const run = (name: string) => command(name, { cmd: 'true' })
const steps: PlaybookStep[] = [
  play('Base', { hosts: 'all', tags: 'base' }, ({ host }) => [
    block({ tags: 'net', block: [run('one')], always: [command('two', { cmd: 'true', tags: ['b', 'a'] })] }),
    meta('flush_handlers'),
    ...(host === 'node3' ? [command('three', { cmd: 'true', tags: 'special' })] : []),
  ]),
  play('Plain', { hosts: 'node1' }, () => [run('four')]),
]

t.test('--list-tags lists the tags of plays and of the tasks of all hosts', (t) => {
  t.equal(
    listTags(steps, inventory, hosts, {}),
    'play "Base": all  [base]\n  a, b, base, net, special\n\nplay "Plain": node1\n  (no tags)',
  )
  t.end()
})

t.test('--list-tasks lists tasks of blocks with the tags that they inherit, and no meta tasks', (t) => {
  t.equal(
    listTasks(steps.slice(0, 1), inventory, hosts, {}, { tags: [], skipTags: [] }),
    'play "Base": all\n  one  [base, net]\n  two  [base, b, a, net]',
  )
  t.match(listTasks(steps, inventory, hosts, {}, { tags: ['a'], skipTags: [] }), /^play "Base": all\n {2}two/)
  t.end()
})

t.test('--syntax-check', (t) => {
  const said = register<{ stdout: string }>('said')
  const wrong = { cmd: 1, mood: 'good' } as unknown as { cmd: string }
  const check = (...plays: PlaybookStep[]) => syntaxCheck(plays, inventory, ['node1', 'node2'], {})
  t.strictSame(check(...steps), { problems: [], unchecked: [], tasks: 7 })
  const bad = check(
    play(
      'Bad',
      { hosts: 'all' },
      () => [command(wrong), copy({ content: said.map(({ stdout }) => stdout), dest: '/x' })],
      { restart: command(wrong) },
    ),
    play('Notify', { hosts: 'all' }, () => [command({ cmd: 'true', notify: 'restrat' })]),
  )
  t.equal(bad.problems.length, 3, 'each once, not for each host')
  t.match(bad.problems[0], /selection\.test\.ts:\d+:\d+: command: .*cmd/)
  t.match(bad.problems[2], /no handler "restrat"/)
  const needsFacts = play('Facts', { hosts: 'node1', gather_facts: true }, ({ facts }) => [
    command({ cmd: (facts.os as { name: string }).name }),
  ])
  t.match(check(needsFacts), { problems: [], unchecked: [/play "Facts" on node1/] })
  t.match(check(needsFacts, ...steps), { tasks: 7 })
  t.end()
})

t.test('listings and --syntax-check use the defaults of vars_prompt', (t) => {
  const tasks = ({ vars }: PlayContext) => [
    copy(`Copy ${String(vars.to)}`, { content: String(vars.key), dest: vars.to as string, tags: String(vars.tag) }),
  ]
  const vars_prompt = [
    { name: 'to', default: '/etc/motd', private: false },
    { name: 'tag', default: 'web', private: false },
    { name: 'key' },
  ]
  const ask = (asked: readonly VarsPrompt[], extraVars: object = { key: 'k' }) => {
    const listed = [play('Ask', { hosts: 'node1', vars_prompt: asked }, tasks)]
    const only = { tags: [], skipTags: [] }
    return {
      tags: listTags(listed, inventory, hosts, { ...extraVars }),
      names: listTasks(listed, inventory, hosts, { ...extraVars }, only),
      ...syntaxCheck(listed, inventory, hosts, { ...extraVars }),
    }
  }
  t.match(ask(vars_prompt), { tags: /\n  web$/, names: /\n  Copy \/etc\/motd  \[web\]$/, problems: [], unchecked: [] })
  t.match(ask(vars_prompt, { key: 'k', to: '/x' }), { names: /Copy \/x/ })
  const open = [{ name: 'to', private: false }, ...vars_prompt.slice(1)]
  t.match(ask(open), { names: /Copy <to>/, problems: [], unchecked: [/dest/] }, 'without a default')
  const relative = [{ name: 'to', default: 'motd' }, ...vars_prompt.slice(1)]
  t.match(ask(relative), { problems: [/dest/], unchecked: [] }, 'a default that is wrong')
  t.end()
})

t.test('a play tagged never is selected by a tag of its tasks', (t) => {
  const debugging = play('Debug', { hosts: 'all', tags: 'never' }, ({ host, facts }) => [
    ...(host === 'node2' ? [command('one', { cmd: 'true', tags: 'debug' })] : []),
    command('two', { cmd: host === 'node3' ? (facts.os as { name: string }).name : 'true' }),
  ])
  const selects = (...tags: string[]) => isSelectable(debugging, inventory, {}, { tags, skipTags: [] })
  t.ok(selects('debug'))
  t.ok(selects('never'))
  t.notOk(selects('other'))
  t.notOk(selects('all'))
  t.notOk(selects())
  const elsewhere = play('Elsewhere', { hosts: 'no_such_group', tags: 'never' }, () => [])
  t.notOk(isSelectable(elsewhere, inventory, {}, { tags: ['debug'], skipTags: [] }), 'its group need not exist')
  t.end()
})

/** The directory `runs`, with one run whose hosts have these recaps. */
function runsWith(t: Test, recaps: Record<string, object>, isComplete = true): string {
  const runs = t.testdir()
  const directory = path.join(runs, '2026-01-01-site')
  mkdirSync(directory)
  const full = Object.fromEntries(Object.entries(recaps).map(([host, recap]) => [host, { ...emptyRecap(), ...recap }]))
  const time = '2026-01-01T00:00:00.000Z'
  const events = [
    { type: 'run_start', playbook: 'site', hosts: Object.keys(recaps), check: false, time },
    { type: 'play_start', play: 'p', hosts: [], kind: 'play', time },
    ...Object.entries(recaps).flatMap(([host, recap]) =>
      'failed' in recap ? [{ type: 'result', play: 'p', host, status: 'failed', ignored: false, time }] : [],
    ),
    ...(isComplete ? [{ type: 'run_end', status: 'failed', exitCode: 2, hosts: full, durationMs: 1, time }] : []),
  ]
  writeFileSync(path.join(directory, 'events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  return runs
}

t.test('--retry-failed limits a run to the hosts that failed or were unreachable', (t) => {
  const recaps = { node1: { failed: 1 }, node2: { rescued: 1, ignored: 1 }, node3: { unreachable: 1 } }
  const retry = failedHosts('2026-01-01-site', runsWith(t, recaps))
  t.strictSame(retry, { hosts: ['node1', 'node3'], run: '2026-01-01-site', playbook: 'site', status: 'failed' })
  const all = { hosts, isLimited: false }
  t.strictSame(retriedHosts(retry, inventory, all), ['node1', 'node3'])
  const limited = { hosts: ['node2', 'node3'], isLimited: true }
  t.strictSame(retriedHosts(retry, inventory, limited), ['node3'], 'with --limit')
  t.equal(retriedHostsText(retry, ['node3'], 'site'), '--retry-failed: hosts that failed in 2026-01-01-site: node3')
  t.match(retriedHostsText(retry, ['node3'], 'app'), /in 2026-01-01-site of playbook site: node3$/)
  t.match(nothingToRetry(retry), /^none of the selected hosts failed in .* \(failed: node1, node3\)/)
  t.equal(
    nothingToRetry({ ...retry, hosts: [], status: 'passed' }),
    'no host failed in 2026-01-01-site: nothing to retry',
  )
  const gone = { ...retry, hosts: ['gone', 'node2'] }
  t.throws(() => retriedHosts(gone, inventory, all), {
    name: 'UsageError',
    message: /gone failed in that run and is not in the inventory/,
  })
  t.strictSame(retriedHosts(gone, inventory, limited), ['node2'], '--limit, as that message advises')
  t.end()
})

t.test('--retry-failed of a run that did not pass although no host failed is an error', (t) => {
  const earlier = { hosts: [], run: 'r1', playbook: 'site' }
  const interrupted = { ...earlier, status: 'interrupted' } as const
  const message = '--retry-failed: no host failed in r1, but '
  for (const [retry, reason] of [
    [{ ...earlier, status: 'failed' }, 'the run failed: its report says why'],
    [interrupted, 'it was interrupted: run it again without --retry-failed'],
  ] as const)
    t.throws(() => nothingToRetry(retry), { name: 'UsageError', message: message + reason })
  const some = { ...interrupted, hosts: ['node1'] }
  t.throws(() => nothingToRetry(some), { message: /^--retry-failed: none of the selected .* but it was interrupted/ })
  t.match(retriedHostsText(some, ['node1'], 'site'), /in r1 \(it was interrupted: .*\): node1$/)
  t.end()
})

t.test('--retry-failed reads the event log of a killed run', (t) => {
  t.strictSame(failedHosts('2026-01-01-site', runsWith(t, { node1: { failed: 1 }, node2: {} }, false)).hosts, ['node1'])
  t.throws(() => failedHosts('2026-01-01-sita', runsWith(t, {})), { message: /did you mean 2026-01-01-site/ })
  t.end()
})

t.test('--step asks until the answer is continue', async (t) => {
  const answers = ['no', 'yes', 'continue'] as const
  let asked = 0
  const confirm = stepConfirmation(async () => answers[asked++] ?? 'no')
  t.strictSame(
    [await confirm('a'), await confirm('b'), await confirm('c'), await confirm('d')],
    [false, true, true, true],
  )
  t.equal(asked, 3)
  await t.rejects(stepConfirmation(() => Promise.reject(new Cancelled()))('x'), Interrupted)
})
