import t from 'tap'
import { ansible } from '../../../bench/runners/ansible.ts'
import { floor } from '../../../bench/runners/floor.ts'
import { labbook } from '../../../bench/runners/labbook.ts'
import { pyinfra } from '../../../bench/runners/pyinfra.ts'
import { parseOptions, OptionError } from '../../../bench/options.ts'
import { recapLines } from '../../../src/ui/format/recap.ts'
import { palette } from '../../../src/ui/format/palette.ts'
import { emptyRecap } from '../../../src/execution/recap.ts'

t.test("Labbook's recap", async (t) => {
  const [runner] = labbook('0')
  const lines = (recaps: Record<string, object>) =>
    recapLines(
      Object.fromEntries(Object.entries(recaps).map(([host, recap]) => [host, { ...emptyRecap(), ...recap }])),
      palette(false),
    ).join('\n')
  t.equal(runner?.changed(lines({ h001: { ok: 25, changed: 24 }, h002: { ok: 25 } }), 2), 24)
  t.equal(runner?.changed(lines({ h001: { ok: 25 } }), 2), undefined, 'a host is missing')
  t.equal(runner?.changed(lines({ h001: { ok: 25 }, h002: { failed: 1 } }), 2), undefined, 'a host failed')
})

t.test("Ansible's recap", async (t) => {
  const runner = ansible({ id: 'a', title: '', version: '', program: '', config: '', expected: { start: 0, task: 0 } })
  const recap = (changed: number) =>
    `h001                       : ok=25   changed=${changed}    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   \n`
  t.equal(runner.changed(`PLAY RECAP ***\n${recap(3)}${recap(0).replace('h001', 'h002')}`, 2), 3)
  t.equal(runner.changed(recap(0).replace('unreachable=0', 'unreachable=1'), 1), undefined)
})

t.test("pyinfra's totals", async (t) => {
  const totals = (success: string, error: string) => `--> Results:
    Operation                             Hosts   Success   Error   No Change
    files.directory (path=/srv/four)      2       -         -       2
    Grand total                           8       ${success}         ${error}       6

--> Disconnecting from hosts...
`
  const runner = pyinfra('', '')
  t.equal(runner.changed(totals('2', '-'), 2), 2)
  t.equal(runner.changed(totals('-', '-'), 2), 0)
  t.equal(runner.changed(totals('2', '1'), 2), undefined, 'an error')
  t.equal(runner.changed('--> Disconnecting from hosts...', 2), undefined, 'no totals')
})

t.test("the floor's output", async (t) => {
  t.equal(floor('').changed('h001 changed=2\nh002 changed=0\n', 2), 2)
  t.equal(floor('').changed('h001 changed=2\n', 2), undefined)
})

t.test('options', async (t) => {
  t.match(parseOptions([]), { hosts: [3, 10], repeat: 5, slowRepeat: 3, runners: undefined })
  t.match(parseOptions(['--hosts', '1,200', '--repeat', '2', '--workloads', 'first']), {
    hosts: [1, 200],
    slowRepeat: 2,
    workloads: ['first'],
  })
  for (const wrong of [['--hosts', '0'], ['--workloads', 'third'], ['--repeat', 'x'], ['--nothing']])
    t.throws(() => parseOptions(wrong), OptionError, wrong.join(' '))
})
