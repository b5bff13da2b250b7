import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { debug } from '../../../src/modules/core/debug.ts'
import { template } from '../../../src/modules/core/template.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play, type PlayContext } from '../../../src/playbook/play.ts'
import { unusedVariableWarnings } from '../../../src/runner/unused-variables.ts'
import { VarReadTracker } from '../../../src/values/var-reads.ts'
import { runSteps, type PlayRunOptions } from '../../support/play-run.ts'

const nothingRead = (name: string, hint = ''): string =>
  `--extra-vars ${name}: variable was not used in this run${hint}`
const warnings = async (steps: Parameters<typeof runSteps>[0], setting: PlayRunOptions): Promise<string[]> =>
  (await runSteps(steps, setting)).events.flatMap((event) =>
    event.type === 'notice' && event.level === 'warning' ? [event.message] : [],
  )
const reading = (read: (on: PlayContext) => unknown) => [
  play('Play', { hosts: 'all' }, (on) => [debug({ msg: String(read(on)) })]),
]

t.test('an unused extra variable is reported, with a suggestion', async (t) => {
  const steps = reading(({ vars }) => vars.counter_replicas ?? 4)
  for (const check of [true, false]) {
    t.strictSame(
      await warnings(steps, { check, extraVars: { replicas: '6' } }),
      [nothingRead('replicas', ': did you mean counter_replicas?')],
      `check mode: ${check}`,
    )
  }
  t.strictSame(await warnings(steps, { extraVars: { counter_replcas: '6' } }), [
    nothingRead('counter_replcas', ': did you mean counter_replicas?'),
  ])
  t.strictSame(await warnings(steps, { extraVars: { colour: '6' } }), [nothingRead('colour')])
  t.strictSame(await warnings(steps, { extraVars: { counter_replicas: '6' } }), [])
  t.strictSame(
    await warnings(steps, { extraVars: { ansible_user: 'x', report_author: 'y', lab_name: 'z' } }),
    [],
    'a connection variable is read by Labbook',
  )
})

t.test('declared variables are suggested, even if this run reads none of them', async (t) => {
  const warningsFor = (name: string): string[] =>
    unusedVariableWarnings(new VarReadTracker([name], ['counter_replicas', 'registry_port']), { hosts: new Map() })
  t.strictSame(warningsFor('counter_replcas'), [nothingRead('counter_replcas', ': did you mean counter_replicas?')])
  t.strictSame(warningsFor('registry_port'), [nothingRead('registry_port')], 'the name is right')
})

t.test('every kind of read counts', async (t) => {
  const ways: Readonly<Record<string, (on: PlayContext) => unknown>> = {
    vars: ({ vars }) => vars.x,
    destructured: ({ vars: { x } }) => x,
    hostvars: ({ hostvars }) => hostvars('a').x,
    in: ({ vars }) => 'x' in vars,
    inherited: ({ vars }) => (Object.create(vars) as { x?: unknown }).x,
  }
  for (const [way, read] of Object.entries(ways))
    t.strictSame(await warnings(reading(read), { extraVars: { x: '1' } }), [], way)
  t.strictSame(
    await warnings([play('Play', { hosts: 'all' }, () => [debug({ msg: 'x', when: ({ vars }) => vars.x === '1' })])], {
      extraVars: { x: '1' },
    }),
    [],
    'when',
  )
  t.strictSame(
    await warnings(
      [
        experiment('E', { hosts: 'all', disturbs: false, assertions: {} }, async (on) => {
          t.equal(on.hostvars('a').x, '1')
        }),
      ],
      { extraVars: { x: '1' } },
    ),
    [],
    'experiment',
  )
  const folder = t.testdir()
  const src = path.join(folder, 'x.j2')
  writeFileSync(src, '{% if x == "1" %}one{% endif %} {{ y }} z')
  t.strictSame(
    await warnings([play('Play', { hosts: 'all' }, () => [template({ src, dest: path.join(folder, 'x') })])], {
      extraVars: { x: '1', y: '2', z: '3' },
    }),
    [nothingRead('z')],
    'template',
  )
})

t.test('copying or listing variables does not count as reading', async (t) => {
  const copies: ((on: PlayContext) => unknown)[] = [
    ({ vars }) => ({ ...vars }),
    ({ vars }) => Object.entries(vars),
    ({ vars: { b, ...others } }) => [b, others],
    ({ vars }) => Object.keys(vars),
  ]
  for (const copy of copies)
    t.strictSame(
      await warnings(reading(copy), { extraVars: { x: '1', b: '2' } }).then((all) =>
        all.filter((text) => text.includes(' x:')),
      ),
      [nothingRead('x')],
      copy.toString(),
    )
  const tracker = new VarReadTracker(['x', 'y'])
  const view = tracker.view({ x: 1, y: 2, z: 3 })
  t.strictSame({ ...view }, { x: 1, y: 2, z: 3 })
  t.ok(Object.hasOwn(view, 'x'))
  t.strictSame(tracker.unreadNames, ['x', 'y'])
  t.equal(view.x + view.z, 4, 'a read after a copy counts')
  t.strictSame([tracker.unreadNames, [...tracker.readNames]], [['y'], ['x', 'z']])
})

t.test('an aborted run reports no unused variables; without extra variables there is no view', async (t) => {
  const stopped = [
    play('Play', { hosts: 'all' }, (): never => {
      throw new Error('no')
    }),
    ...reading(({ vars }) => vars.x),
  ]
  t.strictSame(await warnings(stopped, { extraVars: { x: '1' } }), [])
  t.strictSame(
    await warnings(
      reading(() => 1),
      { extraVars: { x: '1' }, dead: ['a'] },
    ),
    [],
    'a host left the run',
  )
  const vars = { x: 1 }
  t.equal(new VarReadTracker([]).view(vars), vars)
})
