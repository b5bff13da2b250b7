import t from 'tap'
import type { Observed } from '../../../../src/modules/script-output.ts'
import { group } from '../../../../src/modules/core/group.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { descriptions } from '../each-shell.ts'

const seen = (...lines: string[]): Observed => ({ stdout: lines.join('\n'), stderr: '', exitCode: 0 })

const planGroup = (params: Parameters<typeof group.definition.schema.parse>[0], observed: Observed) =>
  group.definition.plan(group.definition.schema.parse(params), observed, {}, {})

t.test('group creates, renumbers and removes groups', async (t) => {
  const there = 'name ops:x:1001:ann,bob'
  const cases: [
    params: { name: string; gid?: number; system?: boolean; state?: 'absent' },
    observed: Observed,
    change: string | undefined,
    script?: string,
  ][] = [
    [{ name: 'ops' }, seen(''), 'create group ops', 'groupadd ops || exit'],
    [
      { name: 'ops', gid: 1001, system: true },
      seen(''),
      'create group ops (gid 1001)',
      'groupadd -g 1001 -r ops || exit',
    ],
    [{ name: 'ops' }, seen(there), undefined],
    [{ name: 'ops', gid: 1001 }, seen(there, 'gid ops:x:1001:'), undefined],
    [
      { name: 'ops', gid: 1002 },
      seen(there),
      'change the gid of group ops to 1002 (was 1001)',
      'groupmod -g 1002 ops || exit',
    ],
    [{ name: 'ops', state: 'absent' }, seen(there), 'remove group ops', 'groupdel ops || exit'],
    [{ name: 'ops', state: 'absent' }, seen(''), undefined],
  ]
  for (const [params, observed, change, script] of cases) {
    const plan = planGroup(params, observed)
    const row = `${JSON.stringify(params)} on ${JSON.stringify(observed.stdout)}`
    t.same(descriptions(plan), change === undefined ? [] : [change], `change of ${row}`)
    t.equal(plan.changes[0]?.script, script, `script of ${row}`)
  }
  t.same(planGroup({ name: 'ops' }, seen(there)).values, { name: 'ops', gid: 1001 })
  t.equal(
    planGroup({ name: 'ops', gid: 4 }, seen(there, 'gid adm:x:4:syslog')).problem,
    'gid 4 is already used by group "adm"',
  )
  t.match(planGroup({ name: 'ops' }, seen('no-tools')).problem, 'groupadd, ... not found on this host')
})

for (const shell of shells) {
  t.test(`${shell.name}: the probe of group finds a group by name and by gid`, async (t) => {
    const groupProbe = runIn(
      shell,
      group.definition.probe(group.definition.schema.parse({ name: 'daemon', gid: 0 }), {}),
    )
    t.match(groupProbe.stdout, /^name daemon:[^\n]*\ngid root:/)
  })
}
