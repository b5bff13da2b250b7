import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod'
import { defineModule, type Task } from '../../../src/modules/task.ts'
import { play } from '../../../src/playbook/play.ts'
import { register } from '../../../src/values/reference.ts'
import { line, present, runSteps, script, type PlayRun } from '../../support/play-run.ts'
import { runs } from '../../support/seed.ts'

const folder = t.testdir()
const at = (name: string): string => path.join(folder, name)
const read = (name: string): string | undefined => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : undefined)
const names = ['x', 'y', 'z']

function clean(): void {
  for (const name of names) rmSync(at(name), { force: true })
}

function run(tasks: () => readonly Task[]): Promise<PlayRun> {
  return runSteps([play('p', { hosts: 'all' }, tasks)])
}

/** A module that reports a change without making it. */
const liar = defineModule({
  name: 'liar',
  schema: z.strictObject({}),
  title: () => 'nothing',
  reads: () => [],
  sets: () => [],
  probe: () => ':',
  plan: () => ({ changes: [{ description: 'make nothing', script: ':' }] }),
})

t.beforeEach(clean)

t.test('a task that depends on an earlier change is probed after it', async (t) => {
  const { story, exchanges } = await run(() => [
    line('one', { path: at('x'), is: '1' }),
    line('other', { path: at('y'), is: '1' }),
    line('two', { path: at('x'), is: '2' }),
    present('there', { path: at('x') }),
  ])
  t.same(story, ['a one: changed', 'a other: changed', 'a two: changed', 'a there: ok'])
  t.equal(read('x'), '2')
  t.equal(
    exchanges.a,
    3,
    'three round trips: probes; two changes and the second probe of the third task; the third change',
  )
})

t.test('after a failed change, no later change of the batch is applied', async (t) => {
  const { story, exitCode } = await run(() => [
    line('first', { path: at('x'), is: '1' }),
    line('broken', { path: at('no/such/folder'), is: '1' }),
    line('last', { path: at('z'), is: '1' }),
  ])
  t.same(story, ['a first: changed', 'a broken: failed'])
  t.equal(exitCode, 2)
  t.equal(read('z'), undefined)
})

t.test('an ignored failure does not stop the play', async (t) => {
  const { story } = await run(() => [
    line('broken', { path: at('no/such/folder'), is: '1', ignore_errors: true }),
    line('last', { path: at('z'), is: '1' }),
  ])
  t.same(story, ['a broken: failed', 'a last: changed'])
  t.equal(read('z'), '1')
})

t.test('changes batched with a task that fails are reported', async (t) => {
  const { story, exitCode, results } = await run(() => [
    liar('liar', {}),
    line('along', { path: at('x'), is: '1' }),
    line('along, too', { path: at('y'), is: '1' }),
  ])
  t.same(story, ['a liar: failed', 'a along: changed', 'a along, too: changed'])
  t.same(
    results[1]?.changes.map(({ description }) => description),
    [`write ${at('x')}`],
  )
  t.equal(exitCode, 2)
})

t.test('tasks with conditions are not batched', async (t) => {
  const { story } = await run(() => [
    line('judged', { path: at('x'), is: '1', failed_when: () => true }),
    line('next', { path: at('y'), is: '1' }),
  ])
  t.same(story, ['a judged: failed'])
  t.equal(read('y'), undefined)
})

t.test('an unchanged task within a batch is reported with its own result', async (t) => {
  await run(() => [line('x', { path: at('x'), is: '2' })])
  const { story } = await run(() => [
    line('other', { path: at('y'), is: '1' }),
    line('as it is', { path: at('x'), is: '2' }),
    line('then', { path: at('x'), is: '1' }),
  ])
  t.same(story, ['a other: changed', 'a as it is: ok', 'a then: changed'])
  t.equal(read('x'), '1')
})

t.test('a condition receives the value registered by the previous task', async (t) => {
  const was = register<{ was: string }>('was')
  const again = (): Promise<PlayRun> =>
    run(() => [
      line('x', { path: at('x'), is: '1', register: was }),
      line('y', { path: at('y'), is: '1', when: ({ value }) => value(was).was === '1' }),
      line('z', { path: at('z'), is: '1', when: ({ value }) => value(was).was !== '1' }),
    ])
  t.same((await again()).story, ['a x: changed', 'a y: changed', 'a z: skipped'])
})

t.test('a task is prepared once, and planned once for each of its probes', async (t) => {
  const calls: string[] = []
  const { definition } = line
  const counted = defineModule({
    ...definition,
    probe: (params, inputs) => {
      calls.push(`prepare ${params.is}`)
      return definition.probe(params, inputs)
    },
    plan: (...given) => {
      calls.push(`plan ${given[0].is}`)
      return definition.plan(...given)
    },
  })
  const was = register<{ was: string }>('was')
  const { story } = await run(() => [
    counted({ path: at('x'), is: '1', register: was }),
    counted({ path: at('y'), is: '2' }),
    counted({ path: at('z'), is: '3' }),
    counted({ path: at('z'), is: was.map(({ was }) => `4${was}`) }),
  ])
  t.equal(story.length, 4)
  const countOf = (call: string): number => calls.filter((each) => each === call).length
  for (const is of ['1', '2', '3', '41']) {
    t.equal(countOf(`prepare ${is}`), 1, `prepare ${is}`)
    t.equal(countOf(`plan ${is}`), 2, `plan ${is}: before and after the change`)
  }
})

t.test('a batched list of tasks has the same results as sequential execution', async () => {
  const task = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('line' as const),
        name: fc.constantFrom(...names),
        is: fc.constantFrom('1', '2'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('copy' as const),
        from: fc.constantFrom(...names),
        to: fc.constantFrom(...names),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('present' as const), name: fc.constantFrom(...names) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(task, { minLength: 2, maxLength: 8 }), async (list) => {
      clean()
      const { story } = await run(() =>
        list.map((each, i) => {
          switch (each.kind) {
            case 'line':
              return line(String(i), { path: at(each.name), is: each.is })
            case 'copy':
              return script(String(i), {
                text: `[ ! -e ${at(each.from)} ] || cp -f ${at(each.from)} ${at(each.to)} 2>/dev/null || :`,
              })
            case 'present':
              return present(String(i), { path: at(each.name) })
          }
        }),
      )
      const files = new Map<string, string>()
      const expected: string[] = []
      for (const [i, each] of list.entries()) {
        let status = 'changed'
        if (each.kind === 'line') {
          status = files.get(each.name) === each.is ? 'ok' : 'changed'
          files.set(each.name, each.is)
        } else if (each.kind === 'copy') {
          const content = files.get(each.from)
          if (content !== undefined) files.set(each.to, content)
        } else {
          status = files.has(each.name) ? 'ok' : 'failed'
        }
        expected.push(`a ${i}: ${status}`)
        if (status === 'failed') break
      }
      const came = { story, files: names.map(read) }
      assert.deepEqual(came, { story: expected, files: names.map((name) => files.get(name)) })
    }),
    { numRuns: runs(80) },
  )
})
