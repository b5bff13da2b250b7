import t from 'tap'
import { package_facts } from '../../../../src/modules/core/package_facts.ts'
import { service_facts } from '../../../../src/modules/core/service_facts.ts'
import type { Observed } from '../../../../src/modules/script-output.ts'
import { converge } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'

const seen = (stdout: string, exitCode = 0, stderr = ''): Observed => ({ stdout, stderr, exitCode })

t.test('package_facts lists the packages of dpkg that are installed', async (t) => {
  inEachShell(t, (t, shell) => {
    const { before } = converge(shell, package_facts, {})
    t.match(before.values?.packages['dash'], [{ name: 'dash', source: 'apt', category: 'shells' }])
    t.ok(Object.keys(before.values?.packages ?? {}).length > 50)
  })
  const packages = (stdout: string) => package_facts.definition.plan({ manager: 'auto' }, seen(stdout), {}, {}).values
  t.same(
    packages(
      'apt\nii \ta\t1.0-1\tamd64\tutils\nrc \tb\t1\tamd64\tutils\nii \ta\t2\ti386\tutils\niW \tc\t3\tall\tnet\n',
    ),
    {
      packages: {
        a: [
          { name: 'a', version: '1.0-1', arch: 'amd64', source: 'apt', category: 'utils' },
          { name: 'a', version: '2', arch: 'i386', source: 'apt', category: 'utils' },
        ],
        c: [{ name: 'c', version: '3', arch: 'all', source: 'apt', category: 'net' }],
      },
    },
  )
  t.same(packages('rpm\nrpm\tkernel\t5.14\tx86_64\t1.el9\t(none)\nrpm\tx\t1\tnoarch\t2\t7\n'), {
    packages: {
      kernel: [{ name: 'kernel', version: '5.14', arch: 'x86_64', source: 'rpm', release: '1.el9', epoch: null }],
      x: [{ name: 'x', version: '1', arch: 'noarch', source: 'rpm', release: '2', epoch: 7 }],
    },
  })
  t.same(packages('apk\nbusybox-extras-1.36.1-r29 x86_64 {busybox} (GPL-2.0-only) [installed]\n'), {
    packages: {
      'busybox-extras': [{ name: 'busybox-extras', version: '1.36.1-r29', arch: 'x86_64', source: 'apk' }],
    },
  })
  t.equal(package_facts.definition.plan({ manager: 'rpm' }, seen('', 127), {}, {}).problem, 'no rpm on this host')
  t.notOk(package_facts.definition.schema.safeParse({ manager: 'pacman' }).success)
})

const UNITS = `cron.service                       loaded    active   running Regular background program processing daemon
dbus.service                       loaded    active   running D-Bus not-found bus
plymouth.service                   not-found inactive dead    plymouth.service
bad.service                        loaded    failed   failed  A failed service
getty@tty1.service                 loaded    active   running Getty on tty1
once.service                       loaded    active   exited  One shot
`
const FILES = `cron.service                           enabled         enabled
dbus.service                           static          -
bad.service                            enabled         enabled
getty@.service                         enabled         enabled
other.service                          disabled        enabled
x.service                              masked          enabled
`

t.test('service_facts has state and status of services as Ansible does', async (t) => {
  const { values, problem } = service_facts.definition.plan({}, seen(`${UNITS}\n${FILES}`), {}, {})
  t.equal(problem, undefined)
  const rows = Object.values(values?.services ?? {}).map(({ name, state, status }) => [name, state, status])
  t.same(rows, [
    ['cron.service', 'running', 'enabled'],
    ['dbus.service', 'running', 'static'],
    ['plymouth.service', 'stopped', 'not-found'],
    ['bad.service', 'stopped', 'failed'],
    ['getty@tty1.service', 'running', 'active'],
    ['once.service', 'stopped', 'active'],
    ['getty@.service', 'inactive', 'enabled'],
    ['other.service', 'inactive', 'disabled'],
    ['x.service', 'inactive', 'masked'],
  ])
  t.equal(
    service_facts.definition.plan({}, seen('', 1, 'System has not been booted with systemd\n'), {}, {}).problem,
    'cannot list services: System has not been booted with systemd',
  )
  t.same(service_facts.definition.plan({}, seen(`\n${FILES}`), {}, {}).values?.services['x.service']?.status, 'masked')
})
