import { chmodSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { apt } from '../../../../src/modules/core/apt.ts'
import { runIn, shells } from '../../../support/shells.ts'

const { definition } = apt
type Input = Parameters<typeof definition.schema.parse>[0]
const parse = (params: Input) => definition.schema.parse(params)
const plan = (params: Input, stdout: string) =>
  definition.plan(parse(params), { stdout, stderr: '', exitCode: 0 }, {}, {})

const NOW = 1_700_000_000
const host = (...lines: string[]): string =>
  ['arch amd64', `now ${NOW}`, `lists ${NOW - 7200}`, ...lines, ''].join('\n')
const CURL = 'pkg\tii \tcurl\tamd64\t7.88.1-10+deb12u14'

void t.test('an installed package needs no change, and its version is registered', async (t) => {
  const { changes, values } = plan({ name: 'curl' }, host(CURL))
  t.same(changes, [])
  t.same(values?.packages, { curl: '7.88.1-10+deb12u14' })
})

void t.test('installed packages cause no cache update, regardless of its age', async (t) => {
  t.same(plan({ name: 'curl', update_cache: true, cache_valid_time: 1 }, host(CURL)).changes, [])
})

void t.test('a missing package is installed', async (t) => {
  const { changes, values } = plan({ name: ['curl', 'docker.io'], update_cache: true }, host(CURL))
  t.same(
    changes.map((change) => change.description),
    ['install docker.io'],
  )
  t.same(changes[0]?.diff, {
    subject: 'packages',
    before: 'docker.io: not installed\n',
    after: 'docker.io: installed\n',
  })
  t.equal(values?.packages['docker.io'], null)
})

void t.test('without a name, the cache is updated when older than an hour or cache_valid_time', async (t) => {
  t.equal(plan({ update_cache: true }, host()).changes.length, 1)
  t.equal(plan({ update_cache: true, cache_valid_time: 7200 }, host()).changes.length, 0)
  t.equal(
    plan({ update_cache: true }, `arch amd64\nnow ${NOW}\n`).changes[0]?.description,
    'update the apt cache (never updated)',
  )
})

void t.test('cache_valid_time implies update_cache, as in Ansible', async (t) => {
  t.equal(plan({ cache_valid_time: 3600 }, host()).changes.length, 1)
  t.equal(plan({ cache_valid_time: 7200 }, host()).changes.length, 0)
  t.match(plan({ name: 'x1', cache_valid_time: 3600 }, host()).changes[0]?.script, 'apt-get -q -o Acquire')
  t.same(plan({ name: 'curl', cache_valid_time: 1 }, host(CURL)).changes, [])
})

void t.test('the description of an update is the same in check mode and in a later run', async (t) => {
  const at = (now: number): string | undefined =>
    plan({ update_cache: true }, ['arch amd64', `now ${now}`, `lists ${NOW - 7200}`].join('\n')).changes[0]?.description
  t.equal(at(NOW), 'update the apt cache (last updated 2023-11-14 20:13 UTC)')
  t.equal(at(NOW + 90), at(NOW))
})

void t.test('what apt-get refuses is a problem, with a hint if the cache is stale', async (t) => {
  const refused = ['refused Unable to locate package x1', '']
  t.match(plan({ name: 'x1' }, host(...refused)), {
    changes: [],
    problem: 'apt-get refuses to install x1: Unable to locate package x1',
    reads: ['/etc/apt/', '/var/lib/apt/lists/', '/var/lib/dpkg/'],
  })
  t.match(
    plan({ name: 'x1' }, ['arch amd64', 'now 1', ...refused].join('\n')).problem,
    'x1. The apt cache of this host is stale (never updated): set update_cache: true',
  )
  t.same(plan({ name: 'curl' }, host(CURL, ...refused)).changes, [])
})

void t.test('a user who cannot write the package database gets an error before a change', async (t) => {
  t.match(plan({ name: 'x1' }, host('not-writable')).problem, 'become: true')
  t.equal(plan({ name: 'curl' }, host(CURL, 'not-writable')).problem, undefined)
})

void t.test('a package installed as a dependency is marked, once', async (t) => {
  const { changes } = plan({ name: 'curl' }, host(CURL, 'automatic curl:amd64'))
  t.match(changes, [
    {
      description: 'mark curl as manually installed',
      sets: ['apt:automatic', 'package:curl', '/var/lib/apt/extended_states'],
    },
  ])
  t.match(changes[0]?.script, 'apt-mark manual -- curl:amd64')
  t.same(plan({ name: 'curl', state: 'absent' }, host('automatic curl:amd64')).changes, [])
  t.same(plan({ name: 'curl' }, host(CURL, 'automatic curl:i386')).changes, [])
})

void t.test('the hint about a stale cache is given only without update_cache', async (t) => {
  t.match(plan({ name: 'x1' }, 'arch amd64\nnow 1\n').changes[0]?.script, 'set update_cache: true')
  t.notMatch(
    plan({ name: 'x1', update_cache: true }, 'arch amd64\nnow 1\n').changes[0]?.script,
    'set update_cache: true',
  )
  t.notMatch(plan({ name: 'x1' }, host()).changes[0]?.script, 'set update_cache: true')
})

void t.test('a half-configured package counts as missing, and dpkg is repaired first', async (t) => {
  const { changes } = plan({ name: 'curl' }, host('interrupted', 'pkg\tiF \tcurl\tamd64\t7.88'))
  t.equal(changes.length, 1)
  t.match(changes[0]?.script, /dpkg --configure -a[^]*--fix-broken[^]*install -- curl/)
})

void t.test('a removal lists what else apt removes', async (t) => {
  const { changes } = plan(
    { name: 'curl', state: 'absent' },
    host(CURL, 'goes docker.io 20.10.24', 'goes curl 7.88.1-10+deb12u14'),
  )
  t.equal(changes[0]?.description, 'remove curl (also removes docker.io)')
  t.same(changes[0]?.diff, {
    subject: 'packages',
    before: 'curl: 7.88.1-10+deb12u14\ndocker.io: 20.10.24\n',
    after: 'curl: not installed\ndocker.io: not installed\n',
  })
  t.equal(
    plan({ name: 'curl', state: 'absent' }, host(CURL, 'goes curl 7.88.1')).changes[0]?.description,
    'remove curl',
  )
})

void t.test('a package of another architecture does not count as installed', async (t) => {
  const foreign = 'pkg\tii \tlibc6\ti386\t2.36\nnative libc6'
  t.equal(plan({ name: 'libc6' }, host(foreign)).changes.length, 1)
  t.equal(plan({ name: 'libc6:i386' }, host(foreign)).changes.length, 0)
})

void t.test('a virtual package counts as installed when an installed package provides it', async (t) => {
  t.same(plan({ name: 'awk' }, host('pkg\tun \tawk\t\t', 'provided awk')).changes, [])
  t.equal(plan({ name: 'awk' }, host('provided gawk')).changes.length, 1)
})

void t.test('a version may have a wildcard', async (t) => {
  t.same(plan({ name: 'curl=7.88*' }, host(CURL)).changes, [])
  t.equal(plan({ name: 'curl=7.8' }, host(CURL)).changes[0]?.description, 'upgrade curl=7.8')
})

void t.test('absent removes installed packages; purge also leftover configuration', async (t) => {
  const removed = 'pkg\trc \tcurl\tamd64\t7.88'
  t.equal(plan({ name: 'curl', state: 'absent' }, host(CURL)).changes[0]?.description, 'remove curl')
  t.same(plan({ name: 'curl', state: 'absent' }, host(removed)).changes, [])
  t.equal(plan({ name: 'curl', state: 'absent', purge: true }, host(removed)).changes[0]?.description, 'purge curl')
  t.same(plan({ name: 'curl', state: 'absent', purge: true, update_cache: true }, host()).changes, [])
})

void t.test('latest upgrades to the candidate', async (t) => {
  const policy = 'curl:\n  Installed: 7.88.1-10+deb12u14\n  Candidate: 7.88.1-10+deb12u15\n'
  const { changes } = plan({ name: 'curl', state: 'latest' }, host(CURL, policy))
  t.equal(changes[0]?.description, 'upgrade curl')
  t.equal(changes[0]?.diff?.after, 'curl: 7.88.1-10+deb12u15\n')
  t.same(plan({ name: 'curl', state: 'latest' }, host(CURL, policy.replace('u15', 'u14'))).changes, [])
})

void t.test('invalid package names are rejected', async (t) => {
  for (const name of ['foo*=1', 'foo*:i386', 'foo bar', '-y', 'Foo', '$(id)', 'foo^', 'foo=1.0-', 'foo/sid'])
    t.throws(() => parse({ name }), name)
  t.throws(() => parse({}), /update_cache/)
})

void t.test('a host without apt is reported', async (t) => {
  t.match(
    definition.plan(parse({ name: 'curl' }), { stdout: '', stderr: '', exitCode: 127 }, {}, {}).problem,
    /apt-get not found/,
  )
})

for (const shell of shells) {
  void t.test(`${shell.name}: before an install, the cache is updated unless it is fresh by then`, async (t) => {
    const folder = t.testdir({ bin: { 'apt-get': '#!/bin/sh\necho "$@"\n' }, none: {}, lists: { x_Packages: '' } })
    chmodSync(join(folder, 'bin/apt-get'), 0o755)
    const calls = (lists: string, cache_valid_time?: number): string[] => {
      const params = {
        name: 'foo',
        update_cache: true,
        ...(cache_valid_time === undefined ? {} : { cache_valid_time }),
      }
      const script = (plan(params, host()).changes[0]?.script ?? '')
        .replaceAll('/var/lib/apt/lists', join(folder, lists))
        .replaceAll('/etc/apt/sources.list', join(folder, 'no-sources'))
      const { stdout } = runIn(shell, script, { env: { PATH: `${join(folder, 'bin')}:${process.env.PATH}` } })
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => /\b(update|install)\b/.exec(line)?.[1] ?? line)
    }
    t.same(calls('lists', 3600), ['install'])
    t.same(calls('lists'), ['update', 'install'], 'without cache_valid_time, the cache is always updated')
    t.same(calls('none', 3600), ['update', 'install'], 'without lists, the cache is updated')
    utimesSync(join(folder, 'lists'), 1, 1)
    t.same(calls('lists', 3600), ['update', 'install'], 'with old lists, the cache is updated')
  })

  void t.test(`${shell.name}: on this machine, dpkg is installed and an unknown package is not`, async (t) => {
    const params = parse({ name: ['dpkg', 'no-such-package-at-all'] })
    const { problem, values } = definition.plan(params, runIn(shell, definition.probe(params, {})), {}, {})
    t.match(problem, /no-such-package-at-all/)
    t.type(values?.packages.dpkg, 'string')
  })

  void t.test(`${shell.name}: on this machine, awk is provided`, async (t) => {
    const params = parse({ name: 'awk' })
    t.same(definition.plan(params, runIn(shell, definition.probe(params, {})), {}, {}).changes, [])
  })

  void t.test(`${shell.name}: a change waits for another package manager, then reports apt's error`, async (t) => {
    const bin = t.testdir({
      'apt-get': [
        '#!/bin/sh',
        'if [ ! -e "$0.ran" ]; then',
        '  : >"$0.ran"; echo "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)" >&2; exit 100',
        'fi',
        'echo "$@"; echo "E: Unable to locate package foo" >&2; exit 100',
      ].join('\n'),
    })
    chmodSync(join(bin, 'apt-get'), 0o755)
    const script = plan({ name: 'foo', install_recommends: false }, 'arch amd64\nnow 1\n').changes[0]?.script ?? ''
    const done = runIn(shell, script, { env: { PATH: `${bin}:${process.env.PATH}` } })
    t.equal(done.exitCode, 100)
    t.match(done.stdout, /install --no-install-recommends -- foo/)
    t.equal(
      done.stderr,
      'E: Unable to locate package foo\nThe apt cache of this host is stale (never updated): set update_cache: true\n',
    )
  })

  void t.test(`${shell.name}: a change does not wait longer than lock_timeout`, async (t) => {
    const bin = t.testdir()
    writeFileSync(join(bin, 'apt-get'), '#!/bin/sh\necho "E: Could not get lock /x" >&2; exit 100', { mode: 0o755 })
    const script = plan({ name: 'foo', lock_timeout: 0 }, host()).changes[0]?.script ?? ''
    t.match(runIn(shell, script, { env: { PATH: `${bin}:${process.env.PATH}` } }), {
      exitCode: 100,
      stderr: 'E: Could not get lock /x\n',
    })
  })
}
