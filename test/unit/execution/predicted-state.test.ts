import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { command, copy, file, shell } from '../../../src/labbook.ts'
import { PredictedEffects } from '../../../src/execution/predicted-effects.ts'
import type { Task } from '../../../src/modules/task.ts'
import { play } from '../../../src/playbook/play.ts'
import { line, runSteps, script, type PlayRun } from '../../support/play-run.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-state-'))
t.teardown(() => {
  rmSync(folder, { recursive: true })
})
const at = (name: string): string => path.join(folder, name)
const run = (tasks: () => Task[], check = true): Promise<PlayRun> =>
  runSteps([play('p', { hosts: 'a' }, tasks)], { check })

t.test('effects: a state counts until another task sets its resource', async (t) => {
  const effects = new PredictedEffects()
  const changed = (user: string | undefined, reads: readonly string[] | undefined, host = 'a') =>
    effects.stateOf(host, user, reads)?.changed
  t.same(changed('root', ['/x']), {}, 'nothing is set')
  effects.add('a', 'first', ['/x', '/y'], true)
  t.equal(changed('root', ['/x']), undefined, 'the new state is unknown')
  effects.leave('a', 'root', { '/x': 1 })
  t.same(changed('root', ['/x', '/z']), { '/x': 1 })
  t.equal(changed('root', ['/x', '/y']), undefined, 'one of two is unknown')
  t.equal(changed('ops', ['/x']), undefined, 'another user may not have access')
  t.equal(changed('root', undefined), undefined, 'anything')
  effects.add('a', 'second', ['/x'], false)
  t.equal(changed('root', ['/x']), undefined)
  effects.leave('a', 'root', { '/x': 2 })
  t.same(changed('root', ['/x']), { '/x': 2 })
  effects.leave('a', 'root', { '/known': 3 })
  t.same(effects.stateOf('a', 'root', ['/x', '/known']), { changed: { '/x': 2 }, known: { '/x': 2, '/known': 3 } })
  effects.add('a', 'third', undefined, false)
  t.equal(changed('root', ['/x']), undefined, 'a task may set anything')
})

t.test("effects: a Swarm's resources are set for all hosts, others are not", async (t) => {
  const effects = new PredictedEffects()
  effects.add('worker', 'join', ['docker-node:worker', '/x'], true)
  t.equal(effects.prerequisite('manager', ['docker-node:worker']), 'join')
  t.equal(effects.prerequisite('manager', ['/x']), undefined)
  t.equal(effects.prerequisite('manager', ['docker-node:other']), undefined)
  effects.leave('worker', 'root', { 'docker-node:worker': 'joined' })
  t.same(effects.stateOf('manager', undefined, ['docker-node:worker'])?.changed, { 'docker-node:worker': 'joined' })
})

t.test('check mode predicts files in a directory that an earlier task creates', async (t) => {
  const tasks = (): Task[] => [
    file('directory', { path: at('d/e'), state: 'directory', mode: '0755' }),
    copy('file', { dest: at('d/e/f'), content: 'x\n' }),
    copy('file of its parent', { dest: at('d/f'), content: 'x\n' }),
    file('closed directory', { path: at('closed'), state: 'directory', mode: '0500' }),
    copy('file in the closed directory', { dest: at('closed/f'), content: 'x\n' }),
    copy('file in a missing directory', { dest: at('none/f'), content: 'x\n', ignore_errors: true }),
  ]
  const predicted = await run(tasks)
  t.same(predicted.story, [
    'a directory: changed',
    'a file: changed',
    'a file of its parent: changed',
    'a closed directory: changed',
    'a file in the closed directory: unknown',
    'a file in a missing directory: failed',
  ])
  const done = await run(tasks, false)
  const changesOf = ({ results }: PlayRun) => results.slice(0, 3).map(({ changes }) => changes)
  t.same(changesOf(done), changesOf(predicted), 'the run makes these changes, with these diffs')
})

t.test('the keyword "sets" of a command narrows what is unknown after it', async (t) => {
  const tasks = (sets?: readonly string[]) => (): Task[] => [
    command('first', { cmd: 'true', ...(sets && { sets }) }),
    line('apart', { path: at('apart'), is: '1' }),
    line('bound', { path: at('bound'), is: '1' }),
  ]
  t.same((await run(tasks())).story, ['a first: changed', 'a apart: unknown', 'a bound: unknown'])
  t.same((await run(tasks([at('bound')]))).story, ['a first: changed', 'a apart: changed', 'a bound: unknown'])
  t.same((await run(tasks([]))).story, ['a first: changed', 'a apart: changed', 'a bound: changed'])
})

t.test('the keyword "reads" of a read-only command narrows what it depends on', async (t) => {
  const tasks = (reads?: readonly string[]) => (): Task[] => [
    line('first', { path: at('first'), is: '1' }),
    shell('asks', { cmd: ':', read_only: true, ...(reads && { reads }) }),
  ]
  t.same((await run(tasks())).story, ['a first: changed', 'a asks: unknown'])
  t.same((await run(tasks([at('first')]))).story, ['a first: changed', 'a asks: unknown'])
  t.same((await run(tasks([at('other')]))).story, ['a first: changed', 'a asks: ok'])
})

t.test('declared keys add to those of a module', async (t) => {
  const ran = await run(() => [
    script('sets a path', { text: ':', sets: [at('x')] }),
    line('reads it', { path: at('y'), is: '1', reads: [at('x')] }),
    line('sets another', { path: at('z'), is: '1', sets: [at('w')] }),
    line('reads that', { path: at('w'), is: '1' }),
    line('reads its own', { path: at('z'), is: '2' }),
  ])
  t.same(ran.story, [
    'a sets a path: changed',
    'a reads it: unknown',
    'a sets another: changed',
    'a reads that: unknown',
    'a reads its own: unknown',
  ])
})

t.test('keywords: reads and sets must be lists of resource keys', async (t) => {
  for (const wrong of ['/etc/hosts', [''], [1]]) {
    t.throws(() => command({ cmd: 'true', sets: wrong as string[] }), /command: sets must be a list of resource keys/)
  }
})
