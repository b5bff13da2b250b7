import { chmodSync } from 'node:fs'
import t from 'tap'
import { systemd } from '../../../../src/modules/core/systemd.ts'
import { runIn, shells } from '../../../support/shells.ts'

const { definition } = systemd
type Input = Parameters<typeof definition.schema.parse>[0]
const parse = (params: Input) => definition.schema.parse(params)
const plan = (params: Input, stdout: string, exitCode = 0, stderr = '') =>
  definition.plan(parse(params), { stdout, stderr, exitCode }, {}, {})
const descriptions = (params: Input, stdout: string) =>
  plan(params, stdout).changes.map(({ description }) => description)

const unit = (more: Record<string, string> = {}): string =>
  Object.entries({
    Type: 'notify',
    Result: 'success',
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    UnitFileState: 'enabled',
    NeedDaemonReload: 'no',
    ...more,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
const stopped = { ActiveState: 'inactive', SubState: 'dead' }
const missing = unit({ LoadState: 'not-found', ...stopped, UnitFileState: '' })

void t.test('a unit in the desired state needs no change', async (t) => {
  t.same(plan({ name: 'docker', state: 'started', enabled: true, masked: false, daemon_reload: true }, unit()), {
    changes: [],
    values: { active_state: 'active', unit_file_state: 'enabled' },
    leaves: { 'unit:docker.service': 'active' },
  })
  t.same(
    descriptions({ name: 'docker', state: 'stopped', enabled: false }, unit({ ...stopped, UnitFileState: 'disabled' })),
    [],
  )
  t.same(descriptions({ name: 'docker', state: 'stopped' }, unit({ ActiveState: 'failed' })), [])
})

void t.test('enabling comes before starting, each with its diff', async (t) => {
  const { changes } = plan(
    { name: 'docker', state: 'started', enabled: true },
    unit({ ...stopped, UnitFileState: 'disabled' }),
  )
  t.same(
    changes.map(({ description }) => description),
    ['enable docker', 'start docker'],
  )
  t.same(
    changes.map(({ diff }) => [diff?.before, diff?.after]),
    [
      ['disabled\n', 'enabled\n'],
      ['inactive\n', 'active (started)\n'],
    ],
  )
})

void t.test(
  'an activating unit is restarted or reloaded: its process may have read the old configuration',
  async (t) => {
    const starting = { ActiveState: 'activating', SubState: 'start' }
    for (const [state, verb] of [
      ['restarted', 'restart'],
      ['reloaded', 'reload'],
    ] as const) {
      const { changes } = plan({ name: 'x', state }, unit(starting))
      t.match(changes, [{ description: `${verb} x`, sets: ['unit:x.service', '*'] }], `${state}: it becomes active`)
      const waiting = unit({ ActiveState: 'activating', SubState: 'auto-restart' })
      t.same(descriptions({ name: 'x', state }, waiting), ['start x'], `${state}: no process runs`)
    }
    t.match(plan({ name: 'x', state: 'restarted' }, unit()).changes, [{ sets: ['*'] }], 'it is as active as before')
  },
)

void t.test('an activating or failed unit is started', async (t) => {
  for (const ActiveState of ['activating', 'failed', 'deactivating']) {
    t.same(descriptions({ name: 'docker', state: 'started' }, unit({ ActiveState })), ['start docker'], ActiveState)
  }
})

void t.test('restarted and reloaded always act, and start a stopped unit', async (t) => {
  t.same(descriptions({ name: 'x', state: 'restarted' }, unit()), ['restart x'])
  t.same(descriptions({ name: 'x', state: 'reloaded' }, unit()), ['reload x'])
  t.same(descriptions({ name: 'x', state: 'reloaded' }, unit(stopped)), ['start x'])
})

void t.test('daemon_reload acts only if unit files are newer than what systemd has loaded', async (t) => {
  t.same(descriptions({ name: 'x', daemon_reload: true, state: 'restarted' }, unit({ NeedDaemonReload: 'yes' })), [
    'reload systemd',
    'restart x',
  ])
  t.same(descriptions({ daemon_reload: true }, 'NeedDaemonReload=yes\n'), ['reload systemd'])
  t.same(descriptions({ daemon_reload: true }, ''), [])
  t.same(
    descriptions({ name: 'x', daemon_reload: true }, unit({ DropIn: 'new' })),
    ['reload systemd'],
    'a drop-in that systemd ignores needs no daemon-reload',
  )
})

void t.test('a missing unit is an error; one that systemd has not loaded is loaded', async (t) => {
  t.match(plan({ name: 'nope', state: 'started' }, missing).problem, /unit "nope" not found/)
  t.match(plan({ name: 'new', state: 'started' }, `${missing}OnDisk=yes\n`).problem, /set daemon_reload: true/)
  t.same(descriptions({ name: 'new', state: 'started', daemon_reload: true }, `${missing}OnDisk=yes\n`), [
    'reload systemd',
    'start new',
  ])
  t.same(descriptions({ name: 'nope', masked: true }, missing), ['mask nope'])
  t.same(plan({ name: 'nope', masked: false }, missing).problem, undefined, 'it can be unmasked, too')
  t.same(descriptions({ name: 'nope', masked: false }, missing), [])
  t.match(plan({ name: 'nope', masked: false, enabled: true }, missing).problem, /unit "nope" not found/)
})

void t.test('a masked unit is unmasked first, or is an error', async (t) => {
  const masked = unit({ LoadState: 'masked', ...stopped, UnitFileState: 'masked' })
  t.match(plan({ name: 'x', state: 'started' }, masked).problem, /masked: false/)
  t.same(descriptions({ name: 'x', state: 'started', masked: false }, masked), ['unmask x', 'start x'])
  t.same(descriptions({ name: 'x', state: 'stopped', masked: true }, unit()), ['stop x', 'mask x'])
  t.same(descriptions({ name: 'x', masked: true }, masked), [])
})

void t.test('a mask until the next boot is removed, and is no permanent one', async (t) => {
  const runtime = unit({ LoadState: 'masked', ...stopped, UnitFileState: 'masked-runtime' })
  const { changes } = plan({ name: 'x', masked: true }, runtime)
  t.match(changes, [{ description: 'mask x', diff: { before: 'masked-runtime\n', after: 'masked\n' } }])
  for (const state of ['masked', 'masked-runtime']) {
    const found = plan({ name: 'x', masked: false }, unit({ LoadState: 'masked', ...stopped, UnitFileState: state }))
    t.match(found.changes, [{ description: 'unmask x', diff: { before: `${state}\n` } }])
    t.match(found.changes[0]?.script, 'systemctl unmask -- x >&2 && systemctl unmask --runtime -- x >&2')
  }
  const left = definition.result?.(parse({ name: 'x', masked: false }), [
    { stdout: unit({ UnitFileState: 'masked' }), stderr: '', exitCode: 0 },
  ])
  t.match(left?.failed, /x is still masked/)
})

void t.test('units that cannot be enabled need no change; init scripts are enabled', async (t) => {
  t.same(descriptions({ name: 'x', enabled: true }, unit({ UnitFileState: 'static' })), [])
  t.same(descriptions({ name: 'x', enabled: true }, `${unit({ UnitFileState: 'generated' })}IsEnabled=disabled\n`), [
    'enable x',
  ])
})

void t.test('a generated unit is enabled, and cannot be disabled', async (t) => {
  const generated = `${unit({ UnitFileState: 'generated' })}IsEnabled=generated\n`
  t.same(plan({ name: 'srv.mount', enabled: true }, generated).changes, [])
  const origins: readonly [string, string][] = [
    ['FragmentPath=/run/systemd/generator/srv.mount\nSourcePath=/etc/fstab\n', '/etc/fstab'],
    ['FragmentPath=/run/systemd/generator/srv.mount\nSourcePath=\n', '/run/systemd/generator/srv.mount'],
  ]
  for (const [lines, origin] of origins) {
    t.equal(
      plan({ name: 'srv.mount', enabled: false }, generated + lines).problem,
      `srv.mount cannot be disabled: systemd generates it from ${origin}. Remove its entry there, or set masked: true`,
    )
  }
  const script = `${unit({ UnitFileState: 'generated' })}IsEnabled=disabled\n`
  t.equal(plan({ name: 'x', enabled: false }, script).problem, undefined, 'an init script can be disabled')
})

void t.test('an indirect unit is enabled when the units of its Also= are', async (t) => {
  const indirect = (...also: string[]): string =>
    unit({ UnitFileState: 'indirect' }) + also.map((state) => `Also=${state}\n`).join('')
  const rows: readonly [also: readonly string[], on: readonly string[], off: readonly string[]][] = [
    [[], [], []],
    [['enabled'], [], ['disable x']],
    [['enabled', 'static'], [], ['disable x']],
    [['disabled'], ['enable x'], []],
    [['enabled', 'disabled'], ['enable x'], ['disable x']],
    [[''], ['enable x'], []],
  ]
  for (const [also, on, off] of rows) {
    t.same(descriptions({ name: 'x', enabled: true }, indirect(...also)), on, `enabled, Also= ${also.join()}`)
    t.same(descriptions({ name: 'x', enabled: false }, indirect(...also)), off, `disabled, Also= ${also.join()}`)
  }
})

void t.test('a template is enabled, and has no state', async (t) => {
  for (const name of ['x@', 'x@.service'])
    t.throws(() => parse({ name, state: 'started' }), /a template has no state/, name)
  t.same(descriptions({ name: 'x@.service', enabled: true }, 'LoadState=loaded\nUnitFileState=disabled\n'), [
    'enable x@.service',
  ])
  t.same(descriptions({ name: 'x@.service', enabled: true }, 'LoadState=loaded\nUnitFileState=enabled\n'), [])
  t.match(plan({ name: 'x@', enabled: true }, 'LoadState=not-found\nUnitFileState=\n').problem, /"x@" not found/)
})

void t.test('a remaining difference after the changes fails the task', async (t) => {
  const params = parse({ name: 'x', state: 'started', enabled: true })
  const after = (stdout: string) => definition.result?.(params, [{ stdout, stderr: '', exitCode: 0 }])
  t.same(after(unit()), { values: { active_state: 'active', unit_file_state: 'enabled' } })
  t.equal(
    after(unit({ ActiveState: 'activating', SubState: 'auto-restart' }))?.failed,
    'x is activating (auto-restart), not running',
  )
  t.equal(after(unit({ UnitFileState: 'disabled' }))?.failed, 'x is disabled, not enabled')
  t.equal(after(unit({ Type: 'oneshot', ...stopped }))?.failed, undefined)
})

void t.test('a host without systemd is reported', async (t) => {
  t.match(plan({ name: 'x' }, '', 127).problem, /systemctl not found/)
  t.match(
    plan({ name: 'x' }, '', 1, 'System has not been booted with systemd').problem,
    /systemd does not respond: System has not been booted/,
  )
})

/** Enables units by creating files; enabling also.service enables also.timer instead. */
const SYSTEMCTL = `#!/bin/sh
cd "\${0%/*}" || exit
verb=$1
for unit; do :; done
case $unit in *.*) ;; *) unit=$unit.service ;; esac
real=$unit
[ "$unit" != also.service ] || real=also.timer
case $verb in
  show) case $unit in *@.*) echo "Unit name $unit is not valid" >&2; exit 1 ;; esac
    echo LoadState=loaded; echo ActiveState=inactive; echo "UnitFileState=$("$0" is-enabled "$unit")" ;;
  cat) printf '# /etc/systemd/system/%s\\n[Install]\\nAlso=also.timer\\n' "$unit" ;;
  is-enabled)
    case $unit in
      also.service) echo indirect ;;
      none*) echo "Failed to get unit file state for $unit" >&2; exit 1 ;;
      *) if [ -e "enabled-$unit" ]; then echo enabled; else echo disabled; exit 1; fi ;;
    esac ;;
  enable) : >"enabled-$real" ;;
  disable) rm -f "enabled-$real" ;;
esac
`

for (const shell of shells) {
  void t.test(`${shell.name}: indirect units and templates are enabled and disabled once`, async (t) => {
    const bin = t.testdir({ systemctl: SYSTEMCTL })
    chmodSync(`${bin}/systemctl`, 0o755)
    const run = (script: string) => runIn(shell, script, { env: { PATH: `${bin}:${process.env.PATH}` } })
    for (const name of ['also', 'also.service', 'tem@.service', 'tem@']) {
      for (const enabled of [true, false]) {
        const verb = enabled ? 'enable' : 'disable'
        const params = parse({ name, enabled })
        const planned = () => definition.plan(params, run(definition.probe(params, {})), {}, {})
        const { changes, problem } = planned()
        t.equal(problem, undefined, `${verb} ${name}: no problem`)
        t.same(
          changes.map(({ description }) => description),
          [`${verb} ${name}`],
        )
        const applied = changes.map(({ script }) => run(script))
        t.equal(definition.result?.(params, applied).failed, undefined, `${verb} ${name}: done`)
        t.same(planned().changes, [], `${verb} ${name}: once`)
      }
    }
    const none = parse({ name: 'none@.service', enabled: true })
    t.match(definition.plan(none, run(definition.probe(none, {})), {}, {}).problem, /"none@.service" not found/)
  })

  void t.test(`${shell.name}: a unit that fails to start shows its log`, async (t) => {
    const bin = t.testdir({
      systemctl: [
        '#!/bin/sh',
        'case $* in',
        '  "show -p ActiveState -- x") echo ActiveState=failed ;;',
        '  show*) printf "LoadState=loaded\\nActiveState=failed\\nUnitFileState=enabled\\nNeedDaemonReload=no\\n" ;;',
        '  start*) echo "Job for x.service failed." >&2; exit 1 ;;',
        'esac',
      ].join('\n'),
      journalctl: '#!/bin/sh\necho "x: cannot bind port 80"',
    })
    for (const name of ['systemctl', 'journalctl']) chmodSync(`${bin}/${name}`, 0o755)
    const run = (script: string) => runIn(shell, script, { env: { PATH: `${bin}:${process.env.PATH}` } })
    const params = parse({ name: 'x', state: 'started' })
    const { changes } = definition.plan(params, run(definition.probe(params, {})), {}, {})
    t.match(run(changes[0]?.script ?? ''), {
      exitCode: 1,
      stderr: 'Job for x.service failed.\nx: cannot bind port 80\n',
    })
  })

  void t.test(`${shell.name}: each change ends by printing the unit's state`, async (t) => {
    const bin = t.testdir({
      systemctl:
        '#!/bin/sh\ncase $* in show*) printf "LoadState=loaded\\nActiveState=active\\nUnitFileState=generated\\n" ;; is-enabled*) echo generated ;; esac',
    })
    chmodSync(`${bin}/systemctl`, 0o755)
    const run = (script: string) => runIn(shell, script, { env: { PATH: `${bin}:${process.env.PATH}` } })
    const params = parse({ name: 'x', state: 'restarted', enabled: true })
    const { changes } = definition.plan(params, run(definition.probe(params, {})), {}, {})
    t.same(
      changes.map(({ description }) => description),
      ['restart x'],
    )
    const applied = changes.map(({ script }) => run(script))
    t.same(definition.result?.(params, applied), { values: { active_state: 'active', unit_file_state: 'generated' } })
  })
}

void t.test('check mode: a restart after a task that starts the unit is a restart, and leaves it active', async (t) => {
  const after = (params: Input, state: Record<string, unknown>, stdout: string) =>
    definition.planAfter?.(parse(params), { stdout, stderr: '', exitCode: 0 }, { changed: state, known: state }, {}, {})
  const active = { 'unit:docker.service': 'active' }
  const restart: Input = { name: 'docker', state: 'restarted' }
  t.match(plan(restart, unit(stopped)).changes, [{ description: 'start docker', sets: ['unit:docker.service', '*'] }])
  const predicted = after(restart, active, unit(stopped))
  t.match(predicted?.changes, [{ description: 'restart docker', sets: ['*'] }], 'others find it as active as before')
  t.same(predicted?.leaves, active)
  t.equal(after(restart, { ...active, '/etc/docker': 'x' }, unit(stopped)), undefined, 'more has changed')
  t.equal(after(restart, {}, unit(stopped)), undefined)
  t.equal(plan({ name: 'once', state: 'started' }, unit({ Type: 'oneshot' })).leaves, undefined, 'it may run once')
  t.same(plan({ name: 'docker', state: 'stopped' }, unit()).leaves, { 'unit:docker.service': 'inactive' })
})
