import { execFileSync } from 'node:child_process'
import { writeFileSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { apt } from '../../../../src/modules/core/apt.ts'
import { compareVersions } from '../../../../src/modules/support/debian-version.ts'
import { shells } from '../../../support/shells.ts'
import { AptFixture } from '../apt-fixture.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

const HOST = {
  available: ['a 2.0', 'b 1.0', 'new 1.0', ['c 2.0', { Depends: 'new' }]],
  installed: ['a 1.0', 'b 1.0', 'c 1.0', 'lib 1.0'],
  automatic: ['lib'],
} as const

const message = (params: object): string | undefined =>
  apt.definition.schema.safeParse(params).error?.issues[0]?.message

t.test('apt upgrades all packages, with new ones that they need', async (t) => {
  const host = new AptFixture(t, HOST)
  for (const shell of shells) {
    const plan = host.plan(shell, { upgrade: 'yes' })
    t.equal(plan.problem, undefined)
    const [description = ''] = descriptions(plan)
    t.match(description, /^upgrade 3 packages: /)
    for (const name of ['a', 'c', 'new']) t.match(description, new RegExp(`\\b${name}\\b`), shell.name)
    t.match(plan.changes[0]?.diff?.before, 'new: not installed\n')
    t.match(plan.changes[0]?.diff?.after, 'a: 2.0\n')
    const { steps, errors } = host.apply(shell, plan)
    t.same(errors, [])
    t.equal(steps.length, 3, steps.join('\n'))
    t.match(host.plan(shell, { upgrade: 'dist', autoremove: true }).changes[0]?.description, 'removes lib')
  }
})

t.test('a host with the newest packages has nothing to upgrade', async (t) => {
  const host = new AptFixture(t, { available: ['a 1.0'], installed: ['a 1.0'] })
  for (const upgrade of ['yes', 'safe', 'full', 'dist', true] as const)
    t.same(host.plan(shells[0], { upgrade }).changes, [], String(upgrade))
})

t.test('apt removes unused dependencies without a name', async (t) => {
  const host = new AptFixture(t, HOST)
  for (const shell of shells) {
    t.same(descriptions(host.plan(shell, { autoremove: true })), ['remove unused dependencies: lib'])
    t.match(host.apply(shell, host.plan(shell, { autoremove: true })).steps, [/^Remv lib/])
    t.match(host.apply(shell, host.plan(shell, { autoremove: true, purge: true })).steps, [/^Purg lib/])
  }
})

t.test('only_upgrade installs nothing', async (t) => {
  const host = new AptFixture(t, HOST)
  for (const shell of shells) {
    t.same(host.plan(shell, { name: ['new', 'b'], only_upgrade: true }).changes, [])
    t.same(descriptions(host.plan(shell, { name: ['new', 'a'], state: 'latest', only_upgrade: true })), ['upgrade a'])
    t.match(host.apply(shell, host.plan(shell, { name: ['new', 'a'], state: 'latest', only_upgrade: true })).steps, [
      /^Inst a /,
    ])
  }
})

t.test('a name may have the oldest version that will do', async (t) => {
  const host = new AptFixture(t, HOST)
  for (const shell of shells) {
    t.same(host.plan(shell, { name: ['a>=1.0', 'b>=0.9~rc'] }).changes, [], shell.name)
    const plan = host.plan(shell, { name: ['a>=1.5', 'new>=1'] })
    t.same(descriptions(plan), ['install a>=1.5, new>=1'])
    t.same(host.apply(shell, plan).errors, [])
    t.equal(host.plan(shell, { name: 'a>=3' }).problem, 'a>=3: the newest version that apt knows is 2.0')
    t.match(host.plan(shell, { name: 'nosuch>=3' }).problem, 'Unable to locate package nosuch')
  }
  t.match(message({ name: 'a>=1', state: 'latest' }), 'cannot be combined with a version')
})

t.test('apt installs a file', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const build = (version: string): string => {
      const root = path.join(folder, `root-${version}`)
      mkdirSync(path.join(root, 'DEBIAN'), { recursive: true })
      writeFileSync(
        path.join(root, 'DEBIAN/control'),
        `Package: filed\nVersion: ${version}\nArchitecture: all\nMaintainer: n <n@example.org>\nDescription: a package\nDepends: b\n`,
      )
      const file = path.join(folder, `filed ${version}.deb`)
      execFileSync('dpkg-deb', ['--build', root, file], { stdio: 'ignore' })
      return file
    }
    const file = build('2.0')
    const host = new AptFixture(t, { available: ['b 1.0'], installed: [] })
    const plan = host.plan(shell, { deb: file })
    t.equal(plan.problem, undefined)
    t.same(descriptions(plan), ['install filed 2.0 from filed 2.0.deb, with b'])
    const { steps, errors } = host.apply(shell, plan)
    t.same(errors, [])
    t.match(steps, [/^Inst b /, /^Inst filed /])

    const there = new AptFixture(t, { available: [], installed: ['filed 2.0', 'b 1.0'] })
    t.same(there.plan(shell, { deb: file }).changes, [])
    const older = new AptFixture(t, { available: [], installed: ['filed 1.0', 'b 1.0'] })
    t.same(descriptions(older.plan(shell, { deb: file })), ['install filed 2.0 from filed 2.0.deb (was 1.0)'])
    t.match(new AptFixture(t, { available: [] }).plan(shell, { deb: file }).problem, /^apt-get refuses: .*filed/)
    t.equal(
      host.plan(shell, { deb: `${folder}/none` }).problem,
      `${folder}/none does not exist on this host: copy or download it first`,
    )
    t.match(host.plan(shell, { deb: '/etc/hostname' }).problem, '/etc/hostname is no Debian package: ')
  })
})

t.test('held packages and options of dpkg reach apt-get', async (t) => {
  const host = new AptFixture(t, HOST)
  const plan = host.plan(shells[0], {
    name: 'a',
    state: 'latest',
    allow_change_held_packages: true,
    dpkg_options: 'force-overwrite, force-confnew',
  })
  t.match(
    plan.changes[0]?.script,
    "-o 'Dpkg::Options::=--force-overwrite' -o 'Dpkg::Options::=--force-confnew' install --allow-change-held-packages".replaceAll(
      "'",
      '',
    ),
  )
  t.match(message({ name: 'a', dpkg_options: '--force-all' }), 'must be options such as force-confold')
})

t.test('apt refuses unclear combinations', async (t) => {
  t.match(message({ name: ['lib*', 'a=1'] }), 'a pattern cannot be in one list with versions or architectures')
  t.match(message({ name: 'lib*', update_cache: true }), 'update the cache in a task before')
  t.equal(message({ name: 'lib*', update_cache: true, state: 'absent' }), undefined)
  t.match(message({ name: 'a', upgrade: 'dist' }), 'set only one of name, deb and upgrade')
  t.match(message({}), 'set name, deb, upgrade, autoremove, clean, autoclean or update_cache: true')
  t.equal(message({ clean: true }), undefined)
})

t.test('downloaded packages are cleaned if there are some', async (t) => {
  const plan = (stdout: string, params: object) =>
    apt.definition.plan(
      apt.definition.schema.parse(params),
      { stdout: `arch amd64\nnow 1\nlists 1\n${stdout}`, stderr: '', exitCode: 0 },
      {},
      {},
    )
  t.same(plan('', { clean: true }).changes, [])
  t.same(descriptions(plan('clean a.deb\nclean b.deb\n', { clean: true })), [
    'remove 2 downloaded packages from the apt cache',
  ])
  // What an install or an update of the lists in the same task leaves is no failure.
  t.match(plan('clean a.deb\n', { clean: true }).changes, [{ recurs: true }])
  t.match(plan('autoclean a 1.0 [10 kB]\n', { autoclean: true }).changes, [{ recurs: true }])
  const recurs = (steps: string): unknown => plan(steps, { upgrade: 'dist', autoremove: true }).changes[0]?.recurs
  t.equal(recurs('upgrade Remv old [1.0]\n'), true)
  t.equal(recurs('upgrade Inst a [1.0] (2.0 x [amd64])\nupgrade Remv old [1.0]\n'), undefined)
  t.same(descriptions(plan('autoclean a 1.0 [10 kB]\n', { autoclean: true })), [
    'remove 1 downloaded package that no repository has any more from the apt cache',
  ])
  t.same(apt.definition.sets?.(apt.definition.schema.parse({ clean: true })), [
    '/var/lib/apt/lists/',
    '/var/cache/apt/',
  ])
  t.equal(apt.definition.sets?.(apt.definition.schema.parse({ upgrade: 'dist' })), undefined)
})

t.test('versions are compared as dpkg does', async (t) => {
  const versions = ['1.0', '1.0~rc1', '1.0-1~bpo12+1', '1.0-1+b1', '1.10', '1.9a', '1.9+a', '1:0.1', '1.0-01']
  for (const a of versions)
    for (const b of versions) {
      const is = (operator: string): boolean => {
        try {
          execFileSync('dpkg', ['--compare-versions', a, operator, b])
          return true
        } catch {
          return false
        }
      }
      const expected = is('lt') ? -1 : is('gt') ? 1 : 0
      t.equal(Math.sign(compareVersions(a, b)), expected, `${a} ${b}`)
    }
})
