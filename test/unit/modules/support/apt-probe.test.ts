import t from 'tap'
import { AptFixture, type AptHost } from '../apt-fixture.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

const HOST: AptHost = {
  available: [
    'conf 1.0',
    'a 1.0',
    'a 1.1',
    'g1',
    'g2',
    'g++:amd64 1.0',
    'libstdc++6:amd64 1.0',
    'plus+:amd64 1.0+',
    'docker.io:amd64 1.0',
    ['both:amd64', { 'Multi-Arch': 'same' }],
    ['both:i386', { 'Multi-Arch': 'same' }],
    'only32:i386 1.0',
    ['unmet', { Depends: 'nosuch' }],
    ['c1', { Conflicts: 'c2' }],
    'c2',
    ['prov', { Provides: 'virt, virt2 (= 1.0)' }],
    ['prov2', { Provides: 'virt' }],
    ['user:amd64', { Depends: 'dep' }],
    'dep',
    ['held 1.1', {}],
  ],
  installed: [
    'conf 1.0',
    'old 1.0',
    'a 1.0',
    'only32:i386 1.0',
    ['both:i386', { 'Multi-Arch': 'same' }],
    ['held 1.0', { Status: 'hold ok installed' }],
    ['vital:amd64', { Essential: 'yes' }],
    ['user:amd64', { Depends: 'dep' }],
    'dep',
    ['prov', { Provides: 'virt, virt2 (= 1.0)' }],
    ['gone', { Status: 'deinstall ok config-files' }],
  ],
  automatic: ['dep', 'a'],
}

type Input = Parameters<AptFixture['plan']>[1]
interface Row {
  readonly row: string
  readonly params: Input
  /** Descriptions of the changes, or what apt-get refuses. */
  readonly plan: readonly string[] | RegExp
  /** What apt-get would do. */
  readonly steps?: readonly RegExp[]
}

const ROWS: readonly Row[] = [
  { row: 'NAME- does not remove NAME', params: { name: 'conf-' }, plan: /Unable to locate package conf-$/ },
  { row: 'NAME- in a list', params: { name: ['g1', 'conf-'] }, plan: /Unable to locate package conf-$/ },
  { row: 'NAME- of latest', params: { name: 'conf-', state: 'latest' }, plan: /Unable to locate package conf-$/ },
  { row: 'NAME- with a version', params: { name: 'conf-=1.0' }, plan: /Unable to locate package conf-$/ },
  { row: 'NAME- of an architecture', params: { name: 'conf-:amd64' }, plan: /Unable to locate package conf-$/ },
  { row: 'a dot is no regular expression', params: { name: 'g.' }, plan: /Unable to locate package g\.$/ },
  { row: 'dot and version', params: { name: 'g.=1.0' }, plan: /Unable to locate package g\.$/ },
  { row: 'NAME+ does not install NAME', params: { name: 'g1+' }, plan: /Unable to locate package g1\+$/ },
  { row: '.+ is no regular expression', params: { name: 'lib.+' }, plan: /Unable to locate package lib\.\+$/ },
  { row: 'g++', params: { name: 'g++' }, plan: ['install g++'], steps: [/^Inst g\+\+ /] },
  { row: 'libstdc++6', params: { name: 'libstdc++6' }, plan: ['install libstdc++6'], steps: [/^Inst libstdc\+\+6 /] },
  { row: 'a name that ends in +', params: { name: 'plus+' }, plan: ['install plus+'], steps: [/^Inst plus\+ /] },
  {
    row: 'a version that ends in +',
    params: { name: 'plus+=1.0+' },
    plan: ['install plus+=1.0+'],
    steps: [/^Inst plus/],
  },
  {
    row: 'a version that ends in + and is not there',
    params: { name: 'a=1.1+' },
    plan: /Version '1\.1\+' for 'a' was not found/,
  },
  { row: 'docker.io', params: { name: 'docker.io' }, plan: ['install docker.io'], steps: [/^Inst docker\.io /] },
  { row: 'absent NAME+', params: { name: 'g1+', state: 'absent' }, plan: [] },
  { row: 'absent NAME-', params: { name: 'conf-', state: 'absent' }, plan: [] },
  { row: 'a missing name', params: { name: 'nothing' }, plan: /Unable to locate package nothing/ },
  { row: 'a missing version', params: { name: 'a=9' }, plan: /Version '9' for 'a' was not found/ },
  { row: 'an unmet dependency', params: { name: 'unmet' }, plan: /unmet : Depends: nosuch/ },
  { row: 'a conflict', params: { name: ['c1', 'c2'] }, plan: /refuses to install c1, c2: / },
  { row: 'a virtual package that nobody provides', params: { name: 'nosuch-virt' }, plan: /Unable to locate/ },
  { row: 'a provided name', params: { name: 'virt' }, plan: [] },
  {
    row: 'a provided name with a version',
    params: { name: ['virt2', 'g1'] },
    plan: ['install g1'],
    steps: [/^Inst g1 /],
  },
  { row: 'a held package', params: { name: 'held', state: 'latest' }, plan: /Held packages were changed/ },
  { row: 'a held package by version', params: { name: 'held=1.1' }, plan: /Held packages were changed/ },
  { row: 'absent of a held package', params: { name: 'held', state: 'absent' }, plan: /Held packages were changed/ },
  { row: 'absent of an essential package', params: { name: 'vital', state: 'absent' }, plan: /Essential packages/ },
  {
    row: 'absent of a needed package',
    params: { name: 'dep', state: 'absent' },
    plan: ['remove dep (also removes user)'],
  },
  {
    row: 'absent of a needed package by architecture',
    params: { name: 'dep:amd64', state: 'absent' },
    plan: ['remove dep:amd64 (also removes user)'],
  },
  { row: 'absent with another version', params: { name: 'a=1.1', state: 'absent' }, plan: [] },
  {
    row: 'absent with this version',
    params: { name: 'a=1*', state: 'absent' },
    plan: ['remove a=1*'],
    steps: [/^Remv a /],
  },
  { row: 'a release that is not there', params: { name: 'g1', default_release: 'nosuch' }, plan: /nosuch.*invalid/ },
  { row: 'NAME:amd64 of all', params: { name: 'conf:amd64' }, plan: [] },
  { row: 'NAME:amd64 of all, missing', params: { name: 'g1:amd64' }, plan: ['install g1:amd64'], steps: [/^Inst g1 /] },
  {
    row: 'absent NAME:amd64 of all',
    params: { name: 'conf:amd64', state: 'absent' },
    plan: ['remove conf:amd64'],
    steps: [/^Remv conf /],
  },
  { row: 'NAME:i386 of all', params: { name: 'g1:i386' }, plan: /g1/ },
  { row: 'a package of a foreign architecture only', params: { name: 'only32' }, plan: [] },
  {
    row: 'absent of it',
    params: { name: 'only32', state: 'absent' },
    plan: ['remove only32'],
    steps: [/^Remv only32:i386 /],
  },
  { row: 'a foreign package of both', params: { name: 'both:i386' }, plan: [] },
  { row: 'the own one of both', params: { name: 'both' }, plan: ['install both'], steps: [/^Inst both /] },
  { row: 'absent of the own one of both', params: { name: 'both', state: 'absent' }, plan: [] },
  { row: 'an upgrade', params: { name: 'conf', state: 'latest' }, plan: [] },
  { row: 'leftover configuration', params: { name: 'gone', state: 'absent' }, plan: [] },
  {
    row: 'purge of leftover configuration',
    params: { name: 'gone', state: 'absent', purge: true },
    plan: ['purge gone'],
  },
  { row: 'a package installed as a dependency', params: { name: 'dep' }, plan: ['mark dep as manually installed'] },
  {
    row: 'a package installed as a dependency, and a missing one',
    params: { name: ['dep', 'g1'] },
    plan: ['install g1', 'mark dep as manually installed'],
    steps: [/^Inst g1 /],
  },
  {
    row: 'upgrade of a dependency',
    params: { name: 'a', state: 'latest' },
    plan: ['upgrade a'],
    steps: [/^Inst a \[1\.0\] \(1\.1/],
  },
  { row: 'absent of a dependency', params: { name: 'a', state: 'absent' }, plan: ['remove a'], steps: [/^Remv a /] },
]

t.test('apt reports a wrong name before it repairs an interrupted run', async (t) => {
  inEachShell(t, (t, shell) => {
    const host = new AptFixture(t, {
      available: ['g1', ['needy', { Depends: 'dep' }], 'dep'],
      installed: [['needy', { Depends: 'dep', Status: 'install ok unpacked' }]],
    })
    const repairing = 'repair the interrupted dpkg run, then install '
    t.same(descriptions(host.plan(shell, { name: 'g1' })), [`${repairing}g1`])
    t.same(descriptions(host.plan(shell, { name: 'needy' })), [`${repairing}needy`])
    for (const name of ['g1-', 'nothing', 'g1=9'])
      t.match(host.plan(shell, { name }).problem, /apt-get refuses to install .*(locate|was not found)/, name)
  })
})

t.test('apt asks the real apt-get', async (t) => {
  inEachShell(t, (t, shell) => {
    const host = new AptFixture(t, HOST)
    // apt takes its time: the other shells run some rows of each kind.
    const rows = ROWS.filter((_, place) => shell.name === 'dash' || place % 6 === 0)
    for (const { row, params, plan: expected, steps } of rows) {
      const plan = host.plan(shell, params)
      if (expected instanceof RegExp) {
        t.match(plan.problem, expected, `${row}: apt-get refuses`)
        t.same(plan.changes, [], `${row}: no changes`)
        continue
      }
      t.equal(plan.problem, undefined, `${row}: no problem`)
      t.same(descriptions(plan), expected, `${row}: changes`)
      if (steps === undefined) continue
      const done = host.apply(shell, plan)
      t.same(done.errors, [], `${row}: no errors`)
      t.match(done.steps, steps, `${row}: steps`)
      t.equal(done.steps.length, steps.length, `${row}: no other steps (${done.steps.join(', ')})`)
    }
  })
})

t.test(
  'before an update of the package lists, a refusal is uncertain, and none is predicted with fresh lists',
  async (t) => {
    inEachShell(t, (t, shell) => {
      const host = new AptFixture(t, HOST)
      const ask = (params: object) => {
        const plan = host.plan(shell, { update_cache: true, ...params })
        return { plan, dry: host.dryRun(shell, plan)[0] }
      }
      const missing = ask({ name: ['g1', 'nothing'] })
      t.same(descriptions(missing.plan), ['install g1, nothing'])
      t.equal(missing.plan.changes[0]?.dryRunIsUncertain, true)
      t.match(missing.dry, { exitCode: 1 })
      t.match(missing.dry?.stderr, 'with the present ones, apt-get refuses: Unable to locate package nothing')
      t.match(ask({ name: 'unmet' }).dry?.stderr, 'unmet : Depends: nosuch')
      t.match(ask({ name: 'g1' }).dry, { exitCode: 0 })
      t.equal(ask({ name: 'conf' }).dry, undefined)
      t.match(ask({ name: 'nothing', cache_valid_time: 86_400 }).plan.problem, 'Unable to locate package nothing')
    })
  },
)
