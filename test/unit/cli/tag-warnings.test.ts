import t from 'tap'
import { tagWarnings } from '../../../src/cli/tag-warnings.ts'
import { debug } from '../../../src/modules/core/debug.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play } from '../../../src/playbook/play.ts'
import { runSteps } from '../../support/play-run.ts'
import { inventoryOf } from '../inventory/support.ts'

const inventory = inventoryOf('all:\n  hosts:\n    a:\n    b:\n')
const steps = [
  play('Docker', { hosts: 'all', tags: 'docker,engine' }, ({ host }) => [
    debug({ msg: 'x', tags: host === 'b' ? ['only-b'] : 'cache' }),
  ]),
  play('Facts', { hosts: 'all', gather_facts: true }, ({ facts }) => [
    debug({ msg: (facts.ansible_nothing as { here: string }).here }),
  ]),
  play('Elsewhere', { hosts: 'nowhere', tags: 'swarm' }, () => []),
  experiment('Drain', { hosts: 'all', tags: 'experiments', assertions: {}, disturbs: false }, async () => undefined),
]
const warn = (tags: readonly string[], skipTags: readonly string[] = []) =>
  tagWarnings(steps, inventory, {}, { tags, skipTags })
const count = '(6 tags exist; --list-tags shows them)'

t.test('warning for an unknown tag suggests the nearest known one', async (t) => {
  t.strictSame(warn(['dcoker', 'zzzz'], ['experimnts']), [
    `--tags dcoker: no play or task has this tag; did you mean "docker"? ${count}`,
    `--tags zzzz: no play or task has this tag ${count}`,
    `--skip-tags experimnts: no play or task has this tag; did you mean "experiments"? ${count}`,
  ])
  t.strictSame(
    warn(
      ['docker', 'engine', 'only-b', 'cache', 'swarm', 'all', 'always', 'never', 'tagged', 'untagged'],
      ['experiments'],
    ),
    [],
  )
  t.strictSame(warn([]), [])
})

t.test('run without a matching task logs a warning', async (t) => {
  const logged = async (setting: Parameters<typeof runSteps>[1]) => {
    const { events, exitCode } = await runSteps(
      [play('Docker', { hosts: 'all', tags: 'docker' }, () => [debug({ msg: 'x' })])],
      setting,
    )
    return [
      exitCode,
      ...events.flatMap((event) => (event.type === 'notice' ? [`${event.level}: ${event.message}`] : [])),
    ]
  }
  t.strictSame(await logged({ tags: ['dcoker', 'x'] }), [0, 'warning: nothing ran: no task matches --tags dcoker,x'])
  t.strictSame(await logged({ tags: ['docker'], skipTags: ['docker'] }), [
    0,
    'warning: nothing ran: no task matches --tags docker --skip-tags docker',
  ])
  t.strictSame(await logged({ tags: ['docker'], skipTags: ['x'] }), [0])
})
