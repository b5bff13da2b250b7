import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod'
import { defineModule } from '../../../src/modules/task.ts'
import type { Task } from '../../../src/modules/task.ts'
import { block } from '../../../src/playbook/block.ts'
import { play, type PlaybookStep } from '../../../src/playbook/play.ts'
import { sh } from '../../../src/shell/quote.ts'
import { register } from '../../../src/values/reference.ts'
import { line, present, runSteps, script, type PlayRun } from '../../support/play-run.ts'
import { runs, sameCases } from '../../support/seed.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-check-'))
t.teardown(() => {
  rmSync(folder, { recursive: true })
})
const at = (name: string): string => path.join(folder, name)

/** A module that copies an existing file. */
const mirror = defineModule({
  name: 'mirror',
  schema: z.strictObject({ from: z.string(), to: z.string() }),
  title: ({ to }) => to,
  reads: ({ from, to }) => [from, to],
  sets: ({ to }) => [to],
  probe: ({ from, to }) => sh`cat ${from} && printf '|' && { cat ${to} 2>/dev/null || :; }`,
  plan: ({ to }, { stdout, exitCode }) => {
    const [want = '', have = ''] = stdout.split('|')
    if (exitCode !== 0) return { changes: [], problem: 'nothing to copy' }
    return {
      changes:
        want === have
          ? []
          : [
              {
                description: `write ${to}`,
                script: sh`printf %s ${want} >${to}`,
                diff: { subject: to, before: have, after: want },
              },
            ],
    }
  },
})

/** A module that lists the files of a directory in a file, and does not declare what it sets. */
const listing = defineModule({
  name: 'listing',
  schema: z.strictObject({ of: z.string(), to: z.string() }),
  title: ({ to }) => to,
  reads: ({ of, to }) => [`${of}/`, to],
  probe: ({ of, to }) => sh`ls ${of} && echo '|' && { cat ${to} 2>/dev/null || :; }`,
  plan: ({ to }, { stdout }) => {
    const [want = '', have = ''] = stdout.split('|\n')
    return {
      changes:
        want === have
          ? []
          : [
              {
                description: `list in ${to}`,
                script: sh`printf %s ${want} >${to}`,
                diff: { subject: to, before: have, after: want },
              },
            ],
    }
  },
})

/** A module that appends a letter to a file in each run. */
const append = defineModule({
  name: 'append',
  schema: z.strictObject({ to: z.string() }),
  title: ({ to }) => to,
  reads: () => [],
  probe: () => ':',
  plan: ({ to }) => ({ changes: [{ description: `append to ${to}`, script: sh`printf x >>${to}`, sets: [to] }] }),
  result: () => ({ values: {} }),
})

/** A module that waits for a file without a timeout. */
const awaited = defineModule({
  name: 'awaited',
  schema: z.strictObject({ path: z.string() }),
  title: ({ path }) => path,
  waits: true,
  probe: ({ path }) => sh`until [ -e ${path} ]; do sleep 0.1; done`,
  plan: () => ({ changes: [] }),
})

/** A module without `reads`. */
const anything: typeof present = defineModule({
  ...present.definition,
  name: 'anything',
  reads: undefined,
} as unknown as typeof present.definition)

const check = (tasks: () => Task[], handlers: Record<string, Task> = {}, setting = {}): Promise<PlayRun> =>
  runSteps([play('p', { hosts: 'a' }, tasks, handlers)], { check: true, ...setting })
const fresh = (files: Record<string, string>): void => {
  rmSync(folder, { recursive: true })
  mkdirSync(at('d'), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text)
}

t.test('tasks that read what an earlier task modifies are unknown', async (t) => {
  fresh({ b: '1', c: '1' })
  const ran = await check(() => [
    line('first', { path: at('a'), is: '1' }),
    line('again', { path: at('a'), is: '2' }),
    mirror('needs it', { from: at('a'), to: at('b') }),
    line('apart', { path: at('c'), is: '2' }),
    line('in order', { path: at('d/x'), is: '' }),
    listing('last', { of: at('d'), to: at('list') }),
  ])
  t.same(ran.story, [
    'a first: changed',
    'a again: unknown',
    'a needs it: unknown',
    'a apart: changed',
    'a in order: ok',
    'a last: ok',
  ])
  t.same(
    ran.results.map(({ message }) => message),
    [
      undefined,
      'depends on "first", which has not run yet',
      'depends on "first", which has not run yet: nothing to copy',
      undefined,
      undefined,
      undefined,
    ],
  )
  t.match(
    ran.results[1]?.changes,
    [{ diff: { before: '', after: '2' } }],
    'the unknown task shows its change in the current state',
  )
})

/** A module that runs on one host and writes a file on another. */
const sent = defineModule({
  name: 'sent',
  schema: z.strictObject({ path: z.string(), host: z.string() }),
  title: ({ path }) => path,
  reads: () => ['sent:file'],
  sets: () => ['sent:file'],
  setsOnOtherHost: ({ host, path }) => ({ host, sets: [path] }),
  probe: () => ':',
  plan: ({ path }) => ({ changes: [{ description: `send ${path}`, script: ':' }] }),
})

t.test('a task that reads what an earlier task sets on its host from another host is unknown', async (t) => {
  fresh({})
  const put = (title: string, host: string): Task => sent(title, { path: at('sent'), host, delegate_to: 'b' })
  const uses = (): Task => present('use it', { path: at('sent') })
  t.same((await check(() => [put('send', 'a'), uses()], {}, { hosts: ['a', 'b'] })).story, [
    'a send: changed',
    'a use it: unknown',
  ])
  t.same((await check(() => [put('send elsewhere', 'c'), uses()], {}, { hosts: ['a', 'b', 'c'] })).story, [
    'a send elsewhere: changed',
    'a use it: failed',
  ])
})

t.test('a task that may run sets files on the other host', async (t) => {
  fresh({})
  const uses = (): Task => present('use it', { path: at('sent') })
  const put = sent('send', { path: at('sent'), host: 'a', delegate_to: 'b' })
  const [first, again] = [line('first', { path: at('a'), is: '1' }), line('again', { path: at('a'), is: '2' })]
  const setting = { check: true, hosts: ['a', 'b'] }
  const handled = await runSteps(
    [
      play('p', { hosts: 'a' }, () => [first, { ...again, keywords: { ...again.keywords, notify: ['send'] } }], {
        send: sent({ path: at('sent'), host: 'a', delegate_to: 'b' }),
      }),
      play('q', { hosts: 'a' }, () => [uses()]),
    ],
    setting,
  )
  t.same(handled.story, ['a first: changed', 'a again: unknown', 'a send: unknown', 'a use it: unknown'])
  const needy = defineModule({
    ...sent.definition,
    name: 'needy',
    schema: sent.definition.schema.extend({ src: z.string() }),
    inputs: ({ src }: { readonly src: string }) => ({ src }),
  } as unknown as typeof sent.definition)
  const missing = await check(
    () => [
      line('create it', { path: at('src'), is: '1', delegate_to: 'localhost' }),
      needy('send', { path: at('sent'), host: 'a', delegate_to: 'b', ...{ src: at('src') } }),
      uses(),
    ],
    {},
    { ...setting, hosts: ['a', 'b', 'localhost'] },
  )
  t.same(missing.story, ['a create it: changed', 'a send: unknown', 'a use it: unknown'])
  const rescued = await runSteps(
    [play('p', { hosts: 'a' }, () => [first, block({ block: [again], rescue: [put] }), uses()])],
    setting,
  )
  t.same(rescued.story, ['a first: changed', 'a again: unknown', 'a use it: unknown'])
})

/** A module that writes a file, if its dry run allows that. */
const guarded = defineModule({
  name: 'guarded',
  schema: z.strictObject({ path: z.string(), only_if: z.string(), uncertain: z.boolean().default(false) }),
  title: ({ path }) => path,
  reads: ({ path }) => [path],
  sets: ({ path }) => [path],
  probe: ({ path }) => sh`[ -e ${path} ]`,
  plan: ({ path, only_if, uncertain }, { exitCode }) => ({
    changes:
      exitCode === 0
        ? []
        : [
            {
              description: `create ${path}`,
              script: sh`test -e ${only_if} && : >${path}`,
              dryRun: sh`[ -e ${only_if} ] || { echo "$GREETING: no ${only_if}" >&2; exit 3; }`,
              dryRunIsUncertain: uncertain,
            },
          ],
  }),
})

t.test('a change whose dry run fails is predicted to fail, or unknown after an earlier change', async (t) => {
  fresh({ there: '1' })
  const task = (title: string, name: string, only_if: string): Task =>
    guarded(title, { path: at(name), only_if: at(only_if), environment: { GREETING: 'sorry' } })
  const ran = await check(() => [task('allowed', 'x', 'there')])
  t.same(ran.story, ['a allowed: changed'])
  const refused = await check(() => [task('refused', 'x', 'missing')])
  t.same(refused.story, ['a refused: failed'])
  t.equal(refused.results[0]?.message, `sorry: no ${at('missing')}`, 'with the environment of the task')
  t.match(refused.results[0]?.changes, [{ description: `create ${at('x')}` }])
  const later = await check(() => [line('first', { path: at('missing'), is: '1' }), task('depends', 'x', 'missing')])
  t.same(later.story, ['a first: changed', 'a depends: unknown'])
  t.match(later.results[1]?.message, /^depends on "first", which has not run yet: sorry: no /)
  const done = await runSteps([play('p', { hosts: 'a' }, () => [task('allowed', 'x', 'there')])])
  t.same(done.story, ['a allowed: changed'])
  t.equal(
    done.results[0]?.commands.some(({ script: text }) => text.includes('sorry: no') || text.includes('exit 3')),
    false,
    'a run makes no dry run',
  )
})

t.test('a change whose dry run says nothing certain is unknown if it fails, and later tasks wait for it', async (t) => {
  fresh({ there: '1' })
  const task = (name: string, only_if: string): Task =>
    guarded(name, { path: at(name), only_if: at(only_if), uncertain: true, environment: { GREETING: 'perhaps' } })
  const ran = await check(() => [task('x', 'there'), task('y', 'missing'), line('reads y', { path: at('y'), is: '1' })])
  t.same(ran.story, ['a x: changed', 'a y: unknown', 'a reads y: unknown'])
  t.equal(ran.results[1]?.message, `perhaps: no ${at('missing')}`)
  t.match(ran.results[2]?.message, /^depends on "y", which has not run yet/)
})

t.test('an unknown task may modify what later tasks read', async (t) => {
  fresh({ a: '1', b: '1' })
  const ran = await check(() => [
    line('first', { path: at('a'), is: '2' }),
    mirror('second', { from: at('a'), to: at('b') }),
    line('third', { path: at('b'), is: '1' }),
  ])
  t.same(ran.story, ['a first: changed', 'a second: unknown', 'a third: unknown'])
  t.equal(ran.results[1]?.message, 'depends on "first", which has not run yet: no change in the current state')
  t.equal(ran.results[2]?.message, 'depends on "second", which has not run yet: no change in the current state')
})

t.test('a wrong state that no earlier task fixes is a failure', async (t) => {
  fresh({})
  const ran = await check(() => [
    line('first', { path: at('a'), is: '1' }),
    present('other', { path: at('b') }),
    script('more', { text: ':' }),
  ])
  t.same(ran.story, ['a first: changed', 'a other: failed'])
  t.equal(ran.exitCode, 2)
})

t.test('a module without reads depends on anything', async (t) => {
  fresh({ b: '1' })
  t.same(
    (
      await check(() => [
        anything('before', { path: at('b') }),
        line('first', { path: at('a'), is: '1' }),
        anything('after', { path: at('b') }),
      ])
    ).story,
    ['a before: ok', 'a first: changed', 'a after: unknown'],
  )
})

t.test('delegated changes affect only the target host', async (t) => {
  fresh({})
  const ran = await check(
    () => [
      line('there', { path: at('a'), is: '1', delegate_to: 'b' }),
      line('here', { path: at('a'), is: '1' }),
      line('there again', { path: at('a'), is: '2', delegate_to: 'b' }),
    ],
    {},
    { hosts: ['a', 'b'] },
  )
  t.same(ran.story, ['a there: changed', 'a here: changed', 'a there again: unknown'])
})

t.test('predicted changes carry over to the next play', async (t) => {
  fresh({})
  const ran = await runSteps(
    [
      play('p', { hosts: 'a' }, () => [line('first', { path: at('a'), is: '1' })]),
      play('q', { hosts: 'a' }, () => [present('second', { path: at('a') })]),
    ],
    { check: true },
  )
  t.same(ran.story, ['a first: changed', 'a second: unknown'])
})

t.test('handlers are predicted in order', async (t) => {
  fresh({ b: '1' })
  const ran = await check(
    () => [
      line('first', { path: at('a'), is: '1', notify: 'free' }),
      line('again', { path: at('a'), is: '2', notify: ['maybe', 'bound'] }),
      line('more', { path: at('c'), is: '2', notify: ['bound', 'after'] }),
    ],
    {
      free: append({ to: at('log') }),
      maybe: mirror({ from: at('b'), to: at('b2') }),
      bound: mirror({ from: at('a'), to: at('b') }),
      after: line({ path: at('b2'), is: '1' }),
      never: script({ text: ':' }),
    },
  )
  t.same(ran.story.slice(3), ['a free: changed', 'a maybe: unknown', 'a bound: unknown', 'a after: unknown'])
  t.same(
    ran.results.slice(4).map(({ message }) => message),
    [
      'depends on "again", which has not run yet',
      'depends on "first", which has not run yet: nothing to copy',
      'depends on "maybe", which has not run yet',
    ],
  )
})

t.test('a task that would wait for an earlier one is not probed', async (t) => {
  fresh({})
  t.same((await check(() => [line('first', { path: at('a'), is: '1' }), awaited('wait', { path: at('a') })])).story, [
    'a first: changed',
    'a wait: unknown',
  ])
})

t.test('conditions are not evaluated for tasks that have not run', async (t) => {
  fresh({})
  const said = register<{ said: string }>('said')
  const ran = await check(() => [
    script('judged', { text: 'echo x', changed_when: ({ values }) => values.said === 'x' }),
    script('never counted', { text: 'printf x', changed_when: false, register: said }),
    line('its value', { path: at('a'), is: said.map((value) => value.said) }),
    script('may fail', { text: 'echo x', failed_when: ({ values }) => values.said === 'x' }),
    present('after all that', { path: '/' }),
  ])
  t.same(ran.story, [
    'a judged: unknown',
    'a never counted: ok',
    'a its value: unknown',
    'a may fail: changed',
    'a after all that: unknown',
  ])
  t.equal(ran.results[0]?.message, 'changed_when evaluates the result of the task, which has not run yet')
  t.equal(ran.results[2]?.message, 'depends on "never counted", which has not run yet')
})

t.test('check mode does not wait for until', async (t) => {
  fresh({ b: 'now' })
  const ran = await check(() => [
    line('not yet', { path: at('b'), is: 'now', until: ({ values }) => values.was === 'later' }),
    line('so', { path: at('b'), is: 'now', until: ({ values }) => values.was === 'now' }),
  ])
  t.same(ran.story, ['a not yet: unknown', 'a so: ok'])
})

t.test('an unregistered run_once value is missing on all hosts', async (t) => {
  fresh({})
  const said = register<{ said: string }>('said')
  const ran = await runSteps(
    [
      play('p', { hosts: 'all' }, ({ host }) => [
        script('say', { text: 'printf x', run_once: true, register: said }),
        line('keep', { path: at(host), is: said.map((value) => value.said) }),
      ]),
    ],
    { check: true, hosts: ['a', 'b'] },
  )
  t.same([...ran.story].sort(), ['a keep: unknown', 'a say: changed', 'b keep: unknown'])
})

/* Random lists of tasks on random files: a run must match the predictions of check mode. */

const NAMES = ['a', 'b', 'd/a', 'd/b']
const name = fc.constantFrom(...NAMES)
const text = fc.constantFrom('1', '2')
const on = fc.constantFrom(undefined, undefined, 'b')
const notify = fc.constantFrom(undefined, undefined, 'one', 'two')
const one = fc.oneof(
  fc.record({ kind: fc.constant('line' as const), name, text, on, notify, ignore: fc.boolean() }),
  fc.record({ kind: fc.constant('mirror' as const), name, from: name, on, notify, ignore: fc.boolean() }),
  fc.record({
    kind: fc.constantFrom('listing' as const, 'append' as const, 'present' as const),
    name,
    on,
    notify,
    ignore: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('shell' as const), name, on, notify, ignore: fc.boolean(), counts: fc.boolean() }),
  fc.record({ kind: fc.constant('predictable' as const), name, on, notify, ignore: fc.boolean() }),
)
type One = typeof one extends fc.Arbitrary<infer T> ? T : never

function taskOf(given: One, title: string): Task {
  // Each host has separate files: the hosts are one machine here, but stand for two.
  const own = (file: string): string => at(path.join(given.on ?? 'a', file))
  const keywords = {
    ignore_errors: given.ignore,
    ...(given.notify === undefined ? {} : { notify: given.notify }),
    ...(given.on === undefined ? {} : { delegate_to: given.on }),
  }
  switch (given.kind) {
    case 'line':
      return line(title, { path: own(given.name), is: given.text, register: was, ...keywords })
    case 'mirror':
      return mirror(title, { from: own(given.from), to: own(given.name), ...keywords })
    // Not into the listed directory: the list would change it.
    case 'listing':
      return listing(title, { of: own('d'), to: own(path.basename(given.name)), ...keywords })
    case 'append':
      return append(title, { to: own(given.name), ...keywords })
    case 'present':
      return present(title, { path: own(given.name), ...keywords })
    case 'shell':
      return script(title, {
        text: sh`rm -f ${own(given.name)}; printf 2 >${own('a')}`,
        ...keywords,
        ...(given.counts ? {} : { changed_when: false }),
      })
    case 'predictable':
      return line(title, {
        path: own(given.name),
        is: was.map((value) => value.was),
        when: (here) => here.value(was).was !== '1',
        ...keywords,
      })
  }
}

const was = register<{ was: string }>('was')
const stepsOf = (name: string, list: readonly One[], handlers: readonly One[]): PlaybookStep[] => [
  play(
    name,
    { hosts: 'a' },
    () => [
      line('task first', { path: at('a/a'), is: '1', register: was }),
      ...list.map((given, i) => taskOf(given, `task ${i}`)),
    ],
    Object.fromEntries(['one', 'two'].map((key, i) => [key, taskOf(handlers[i] as One, `handler ${key}`)])),
  ),
]

const files = fc.dictionary(
  fc.constantFrom(...['a', 'b'].flatMap((host) => NAMES.map((file) => `${host}/${file}`))),
  text,
  { noNullPrototype: true },
)
const snapshot = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
    .map((file) => `${file}: ${readFileSync(file, 'utf8')}`)

t.test('predictions of check mode match the run', async (t) => {
  let lists = 0
  const totals = { ok: 0, changed: 0, unknown: 0, failed: 0, skipped: 0, unreachable: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.array(one, { minLength: 1, maxLength: 6 }),
      fc.tuple(one, one),
      files,
      async (list, handlers, start) => {
        for (const host of ['a/d', 'b/d']) mkdirSync(at(host), { recursive: true })
        for (const host of ['a', 'b']) for (const file of NAMES) rmSync(at(`${host}/${file}`), { force: true })
        for (const [file, content] of Object.entries(start)) writeFileSync(at(file), content)
        const before = snapshot()
        // A unique name: no pending-handler markers of an earlier list.
        const steps = stepsOf(`list ${lists++}`, list, handlers)
        const said = await runSteps(steps, { check: true, hosts: ['a', 'b'] })
        if (snapshot().join('\n') !== before.join('\n')) throw new Error('check mode changed something')
        const done = new Map(
          (await runSteps(steps, { hosts: ['a', 'b'] })).results.map((result) => [result.task, result]),
        )
        const isOver = [...done.values()].some(({ status, ignored }) => status === 'failed' && !ignored)
        for (const { task, status, changes, message } of said.results) {
          totals[status] += 1
          if (status === 'unknown') continue
          const real = done.get(task)
          if (real === undefined && isOver) break
          const seen = {
            status: real?.status,
            changes: real?.changes,
            ...(status === 'failed' ? { message: real?.message } : {}),
          }
          const expected = { status, changes, ...(status === 'failed' ? { message } : {}) }
          if (JSON.stringify(seen) !== JSON.stringify(expected))
            throw new Error(`${task}: check says ${JSON.stringify(expected)}, the run ${JSON.stringify(seen)}`)
        }
        const saidOf = new Set(said.results.map(({ task }) => task))
        const ended = said.results.some(({ status, ignored }) => status === 'failed' && !ignored)
        const unsaid = [...done.keys()].filter((task) => !saidOf.has(task))
        if (unsaid.length > 0 && !ended) throw new Error(`not a word on ${unsaid.join(', ')}`)
      },
    ),
    { numRuns: runs(25), ...sameCases },
  )
  t.comment(totals)
  for (const status of ['ok', 'changed', 'unknown', 'failed', 'skipped'] as const)
    t.ok(totals[status] > 0, `${totals[status]} predictions of ${status}`)
})
