import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { requireCurrentPlan } from '../../../src/cli/apply-plan.ts'
import { main } from '../../../src/cli/main.ts'
import { playbook } from '../../../src/cli/playbook.ts'
import { namingRun } from '../../../src/cli/retry-failed.ts'
import { argumentsOfPlan, planDifferences, type SavedPlan } from '../../../src/cli/saved-plan.ts'
import { limitOf } from '../../../src/cli/limit.ts'
import { parseInventory } from '../../../src/inventory/index.ts'
import { Cancelled } from '../../../src/ui/index.ts'
import { command, copy, fail, play, secret, shell } from '../../../src/labbook.ts'
import { PlaybookError } from '../../../src/playbook/play.ts'
import type { Task } from '../../../src/modules/task.ts'

interface Outcome {
  readonly exitCode: number
  readonly stderr: string
}

/** A project whose only host is this machine, and its playbook. */
function project(t: Test, tasks: (dir: string) => Task[], before: (dir: string) => Task[] = () => []) {
  const dir = t.testdir({
    'package.json': '{ "version": "1.0.0" }',
    'inventory.yaml': 'all: { hosts: { here: { ansible_connection: local } } }\n',
    files: {},
  })
  const steps = [
    play('Before', { hosts: 'all' }, () => before(dir)),
    play('Files', { hosts: 'all' }, () => tasks(dir), {
      log: shell('Log', { cmd: `echo handled >>${dir}/files/log`, sets: [] }),
    }),
  ]
  const run = async (...argv: string[]): Promise<Outcome> => {
    const { write } = process.stderr
    const out = process.stdout.write.bind(process.stdout)
    let stderr = ''
    process.stderr.write = (text: string | Uint8Array) => ((stderr += String(text)), true)
    process.stdout.write = () => true
    try {
      const inventory = ['-i', path.join(dir, 'inventory.yaml')]
      return {
        exitCode: await main(
          playbook({ name: 'files', description: 'x', steps }),
          [...inventory, '--yes', ...argv],
          dir,
        ),
        stderr,
      }
    } finally {
      process.stderr.write = write
      process.stdout.write = out
    }
  }
  const file = path.join(dir, 'plan.json')
  const plan = (): SavedPlan => JSON.parse(readFileSync(file, 'utf8')) as SavedPlan
  return { dir, file, plan, run, at: (name: string): string => path.join(dir, 'files', name) }
}

const two = (dir: string): Task[] => [
  copy('One', { dest: `${dir}/files/one`, content: '1\n', notify: 'log' }),
  copy('Two', { dest: `${dir}/files/two`, content: secret('hunter2-secret'), no_log: true }),
]

t.test('--apply makes the changes of a saved plan, with its handlers', async (t) => {
  const { file, plan, run, at } = project(t, two)
  t.equal((await run('--check', '--out', file)).exitCode, 0)
  t.notOk(existsSync(at('one')), 'check mode changes nothing')
  t.same(
    plan().changes.map(({ task, handler }) => [task, handler]),
    [
      ['One', false],
      ['Two', false],
      ['Log', true],
    ],
  )
  t.same(plan().argv.slice(2), ['--yes'])
  t.same(Object.keys(plan()), ['labbookPlan', 'playbook', 'version', 'created', 'argv', 'changes', 'unknown'])
  t.notMatch(readFileSync(file, 'utf8'), 'hunter2-secret')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(await run('--apply', file), { exitCode: 0, stderr: '' })
  t.equal(readFileSync(at('one'), 'utf8'), '1\n')
  t.equal(readFileSync(at('two'), 'utf8'), 'hunter2-secret')
  t.equal(readFileSync(at('log'), 'utf8'), 'handled\n')
})

t.test('--apply changes nothing if a host is no longer as it was', async (t) => {
  const { dir, file, run, at } = project(t, two)
  await run('--check', '--out', file)
  writeFileSync(at('one'), 'changed by hand\n')
  const { exitCode, stderr } = await run('--apply', file)
  t.equal(exitCode, 2)
  t.match(stderr, /plan\.json: the plan of 20\S+ is outdated; nothing was changed/)
  t.match(stderr, / {2}- here: One: create /)
  t.match(stderr, / {2}\+ here: One: update /)
  t.equal(readFileSync(at('one'), 'utf8'), 'changed by hand\n')
  t.notOk(existsSync(at('two')))
  t.equal(existsSync(path.join(dir, 'runs')) && existsSync(path.join(dir, 'runs/latest/events.jsonl')), true)
})

t.test('--apply shows how a change differs that has the same description', async (t) => {
  const { file, run, at } = project(t, two)
  writeFileSync(at('one'), 'same\nby one\n')
  await run('--check', '--out', file)
  writeFileSync(at('one'), 'same\nby another\n')
  const { stderr } = await run('--apply', file)
  t.match(stderr, /^ {2}- here: One: update .* \(from "by one"\)$/m)
  t.match(stderr, /^ {2}\+ here: One: update .* \(from "by another"\)$/m)
})

t.test('--apply that is interrupted while it compares does not say that the plan is outdated', async (t) => {
  const { dir, file, plan, run } = project(t, two)
  await run('--check', '--out', file)
  const { hosts, groups } = parseInventory({ main: { path: 'inventory.yaml', text: 'all: {}' } })
  const options = { ...plan(), steps: [], inventory: { hosts, groups }, hosts: [], forks: 1, extraVars: {}, root: dir }
  const connect = (): never => t.fail('connects') as never
  const signal = AbortSignal.abort()
  await t.rejects(
    requireCurrentPlan(file, plan(), { ...options, tags: { tags: [], skipTags: [] }, connect, signal }),
    Cancelled,
  )
})

t.test('--apply shows an error of the playbook that ends its comparison', async (t) => {
  let isBroken = false
  const { file, run } = project(t, (dir) => {
    if (isBroken) throw new PlaybookError('the template has no end')
    return two(dir)
  })
  await run('--check', '--out', file)
  isBroken = true
  const { exitCode, stderr } = await run('--apply', file)
  t.equal(exitCode, 2)
  t.match(stderr, /^ {2}\? .*the template has no end$/m)
})

t.test('--apply fails a task whose host changes after the plan was compared', async (t) => {
  const { file, run, at } = project(t, two, (dir) => [
    shell('Disturb', { cmd: `echo theirs >${dir}/files/one`, sets: [] }),
  ])
  await run('--check', '--out', file)
  const { exitCode } = await run('--apply', file)
  t.equal(exitCode, 2)
  t.equal(readFileSync(at('one'), 'utf8'), 'theirs\n', 'the change that is not in the plan was not made')
  t.notOk(existsSync(at('two')), 'no later task runs')
})

t.test('a plan with unknown tasks is not applied; one that only waits is no obstacle', async (t) => {
  const unknown = project(t, (dir) => [
    command('Anything', { cmd: 'true' }),
    copy('After', { dest: `${dir}/files/x`, content: '1\n' }),
  ])
  t.equal((await unknown.run('--check', '--out', unknown.file)).exitCode, 0)
  const refused = await unknown.run('--apply', unknown.file)
  t.equal(refused.exitCode, 1)
  t.match(refused.stderr, /not complete: it is unknown what "After" changes on here \(depends on "Anything"/)
  const waits = project(t, () => [
    command('Anything', { cmd: 'true' }),
    shell('Read', { cmd: 'true', read_only: true }),
  ])
  await waits.run('--check', '--out', waits.file)
  t.same(await waits.run('--apply', waits.file), { exitCode: 0, stderr: '' })
})

t.test('invalid plans and options are refused', async (t) => {
  const { dir, file, plan, run } = project(t, two)
  const refusal = async (...argv: string[]): Promise<string> => {
    const { exitCode, stderr } = await run(...argv)
    t.equal(exitCode, 1, argv.join(' '))
    return stderr
  }
  t.match(await refusal('--out', file), /--out saves the plan of check mode: add --check/)
  t.match(await refusal('--check', '--apply', file), /leave out one/)
  t.match(await refusal('--apply', file), /cannot read the plan: ENOENT/)
  writeFileSync(file, '{')
  t.match(await refusal('--apply', file), /not a plan: write one with --check --out FILE/)
  writeFileSync(file, '{}')
  t.match(await refusal('--apply', file), /not a plan of this version/)
  mkdirSync(path.join(dir, 'directory'))
  t.match(
    await refusal('--check', '--out', path.join(dir, 'directory')),
    /^--out \S+: cannot write the plan: EISDIR\n$/,
  )
  rmSync(file)
  await run('--check', '--out', file)
  writeFileSync(file, JSON.stringify({ ...plan(), playbook: 'other' }))
  t.match(await refusal('--apply', file), /a plan of other\.mjs, not of files\.mjs/)
  writeFileSync(file, JSON.stringify({ ...plan(), playbook: 'files', version: '0.0.1' }))
  t.match(await refusal('--apply', file), /a plan of Labbook 0\.0\.1, not of \d+\.\d+\.\d+\S*: save a new one/)
})

t.test('a plan is not saved if check mode fails', async (t) => {
  const { file, run } = project(t, (at) => [...two(at), fail({ msg: 'no' })])
  const { exitCode, stderr } = await run('--check', '--out', file)
  t.equal(exitCode, 2)
  t.match(stderr, /^--out \S+plan\.json: the plan is not saved, as check mode did not succeed$/m)
  t.notOk(existsSync(file))
  writeFileSync(file, 'older')
  t.match((await run('--check', '--out', file)).stderr, /did not succeed; the file that is there is an older one$/m)
  t.equal(readFileSync(file, 'utf8'), 'older')
})

t.test('a plan whose command line has a secret is not saved', async (t) => {
  const { file, run } = project(t, two)
  const given = ['--check', '--out', file, '-e']
  const { exitCode, stderr } = await run(...given, 'ansible_become_password=hunter3-secret')
  t.equal(exitCode, 1)
  t.match(stderr, /^--out \S+: the plan is not saved, as it would have a secret .*-e @FILE$/m)
  t.notMatch(stderr, 'hunter3')
  t.notOk(existsSync(file))
  t.equal((await run(...given, 'other=plain')).exitCode, 0, 'a variable that is no secret')
})

t.test('the command line of a plan has no options that made it', async (t) => {
  t.same(argumentsOfPlan(['-C', '-l', 'a', '--out', 'x', '--check', '--out=y', '-e', 'a=1']), ['-l', 'a', '-e', 'a=1'])
  t.same(argumentsOfPlan(['-CD', '-vCl', 'web', '-lC']), ['-D', '-vl', 'web', '-lC'])
  t.same(limitOf(['a', 'c'], ['a', 'b', 'c']), ['--limit', 'a,c'], 'hosts that the user has selected')
  t.same(limitOf(['a', 'b'], ['a', 'b']), [])
  t.same(namingRun(['--retry-failed', 'latest', 'latest', '--retry-failed=latest'], 'r1'), [
    ...['--retry-failed', 'r1', 'latest', '--retry-failed=r1'],
  ])
})

t.test('differences name hosts and tasks', async (t) => {
  const about = { labbookPlan: 1 as const, playbook: 'x', version: '1', created: '', argv: [], unknown: [] }
  const task = (description: string) => ({
    host: 'a',
    play: 'p',
    task: 't',
    handler: false,
    changes: [{ description }],
  })
  const [one, other] = [
    { ...about, changes: [task('1')] },
    { ...about, changes: [task('2')] },
  ]
  t.same(planDifferences(one, one), [])
  t.same(planDifferences(one, other), ['- a: t: 1', '+ a: t: 2'])
  t.same(planDifferences(one, { ...one, unknown: [{ host: 'b', play: 'p', task: 'u', message: 'why' }] }), [
    '? b: u: why',
  ])
})
