import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import type { TaskSpec } from './harness.ts'

/* Packages and units: start states made with dpkg and systemctl, and tasks with claims that look by them. */

const PACKAGES = ['hello', 'tree'] as const
const DEBS = '/root/debs'

/**
 * Downloads the packages once, so that start states need no network, and builds some: an older `hello`, one with a
 * configuration file, which survives a removal, and one that depends on it. An autoremove must not remove the node's
 * own packages.
 */
export const KEEP_PACKAGES = `apt-mark manual $(apt-mark showauto) >/dev/null; mkdir -p ${DEBS} && cd ${DEBS} && apt-get -qq update && apt-get -qq download ${PACKAGES.join(' ')} 2>/dev/null || exit
lb_deb() { # name version depends
  mkdir -p make/$1/DEBIAN make/$1/etc && echo $1 >make/$1/etc/$1.conf && echo /etc/$1.conf >make/$1/DEBIAN/conffiles || exit
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: t <t@example.org>\\nDescription: t\\n%s' $1 $2 "$3" >make/$1/DEBIAN/control || exit
  dpkg-deb -b make/$1 $1_$2.deb >/dev/null || exit
}
lb_deb lbt-conf 1 ''; lb_deb lbt-needs 1 'Depends: lbt-conf
'; lb_deb hello 0.1 ''; mv hello_0.1.deb old-hello_0.1.deb`

/** `unpacked` is left by a killed run, `automatic` by the installation of another package. */
const packageState = fc.constantFrom('none', 'installed', 'installed', 'old', 'unpacked', 'automatic', 'held')
const put = (name: string, state: string): string =>
  ({
    none: sh`dpkg --purge --force-all ${name} || exit`,
    installed: sh`dpkg -i ${DEBS}/${name}_*.deb || exit`,
    old: sh`dpkg --purge --force-all ${name}; dpkg -i ${DEBS}/${name === 'hello' ? 'old-' : ''}${name}_*.deb || exit`,
    removed: sh`dpkg -i ${DEBS}/${name}_*.deb && dpkg --remove ${name} || exit`,
    unpacked: sh`dpkg --unpack ${DEBS}/${name}_*.deb || exit`,
    automatic: sh`dpkg -i ${DEBS}/${name}_*.deb && apt-mark auto ${name} || exit`,
    held: sh`dpkg --purge --force-all ${name}; dpkg -i ${DEBS}/${name === 'hello' ? 'old-' : ''}${name}_*.deb && apt-mark hold ${name} || exit`,
  })[state] ?? 'exit 1'

export const packages: fc.Arbitrary<string> = fc
  .tuple(packageState, packageState, fc.boolean(), fc.constantFrom('none', 'automatic', 'automatic'), fc.boolean())
  .map(([one, two, lists, others, pinned]) =>
    [
      sh`{ dpkg --configure -a; apt-mark unhold ${[...PACKAGES]}; apt-mark manual ${[...PACKAGES]}`,
      sh`dpkg --purge --force-all lbt-needs lbt-conf`,
      ...(others === 'none' ? [] : [put('lbt-conf', 'automatic'), put('lbt-needs', 'installed')]),
      pinned
        ? "printf 'Package: hello\\nPin: version 0.1\\nPin-Priority: 600\\n' >/etc/apt/preferences.d/lbt"
        : 'rm -f /etc/apt/preferences.d/lbt',
      put(PACKAGES[0], one),
      put(PACKAGES[1], two),
      '} >/dev/null 2>&1',
      // Old lists: their displayed age does not change by the second.
      `touch -d '${lists ? '1 minute ago' : '50 days ago'}' /var/lib/apt/lists`,
    ].join('\n'),
  )

export const LOOK_AT_PACKAGES = sh`apt-mark showauto; apt-mark showhold; dpkg-query -W -f ${'${Package} ${Status} ${Version}\\n'} ${[...PACKAGES]} ${['lbt-conf', 'lbt-needs']} 2>/dev/null; ls ${PACKAGES.map((name) => `/usr/bin/${name}`)} /etc/lbt-conf.conf 2>/dev/null; :`

/** Names that apt-get would read as something else, or does not know. */
const WRONG = ['hello-', 'tree+', 'hel.o', 'hello=9', 'nosuch-lbt'] as const

const isInstalled = (name: string): string =>
  sh`[ "$(dpkg-query -W -f ${'${db:Status-Abbrev}'} ${name} | cut -c 2)" = i ]`

export const packageTasks: fc.Arbitrary<TaskSpec> = fc
  .record({
    names: fc
      .tuple(
        fc.subarray([...PACKAGES, 'lbt-conf', 'lbt-needs'], { minLength: 1, maxLength: 2 }),
        fc.constantFrom(undefined, undefined, undefined, ...WRONG),
      )
      .map(([names, wrong]) => [...names, ...(wrong === undefined ? [] : [wrong])]),
    state: fc.constantFrom('present', 'present', 'absent', 'latest'),
    purge: fc.boolean(),
    autoremove: fc.boolean(),
    one: fc.boolean(),
    module: fc.constantFrom('apt' as const, 'apt' as const, 'package' as const),
    // The cache is not updated in each case: that takes seconds.
    update: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  })
  .filter(({ names, state }) => state !== 'latest' || !names.some((name) => name.includes('=')))
  .map(({ names, state, purge, autoremove, one, update, module }) => ({
    module,
    // Only the updated lists show whether apt has the package.
    ...(update ? { mayFail: true } : {}),
    params: {
      name: one && names.length === 1 ? names[0] : names,
      state,
      ...(state === 'absent' ? { purge, autoremove } : update ? { update_cache: true, cache_valid_time: 3600 } : {}),
    },
    claim: names
      // A package with a wrong name is not there.
      .filter((name) => !WRONG.some((wrong) => wrong === name))
      .map((name) =>
        state === 'absent'
          ? `{ ! { ${isInstalled(name)}; } 2>/dev/null; } || exit 1${purge ? sh`; ! dpkg-query -W ${name} 2>/dev/null | grep . || exit 1` : ''}`
          : `{ ${isInstalled(name)}; } || exit 1${state === 'latest' ? sh`; apt-cache policy ${name} | awk '/Installed:|Candidate:/ { print $2 }' | uniq | wc -l | grep -qx 1 || exit 1` : ''}`,
      )
      .join('\n'),
  }))

/** Cases that random lists seldom contain. */
export const packageCases = {
  'the configuration that a removal has left is purged': {
    start: `{ ${put('lbt-conf', 'removed')}\n} >/dev/null 2>&1`,
    tasks: [
      {
        module: 'apt',
        params: { name: 'lbt-conf', state: 'absent', purge: true },
        claim: '! ls /etc/lbt-conf.conf 2>/dev/null',
      },
    ],
  },
  'what was removed is not removed again, and what was unpacked is configured': {
    start: `{ ${put('lbt-conf', 'removed')}\n${put('hello', 'unpacked')}\n} >/dev/null 2>&1`,
    tasks: [
      { module: 'apt', params: { name: 'lbt-conf', state: 'absent' }, claim: 'ls /etc/lbt-conf.conf' },
      { module: 'apt', params: { name: 'hello' }, claim: isInstalled('hello') },
    ],
  },
  'a removal takes along what needs the package': {
    start: `{ ${put('lbt-conf', 'installed')}\n${put('lbt-needs', 'installed')}\n} >/dev/null 2>&1`,
    tasks: [
      {
        module: 'apt',
        params: { name: 'lbt-conf', state: 'absent' },
        claim: `! { ${isInstalled('lbt-needs')}; } 2>/dev/null`,
      },
    ],
  },
} satisfies Record<string, { start: string; tasks: TaskSpec[] }>

/** No two tasks name the same package. */
export const settledPackages = (tasks: readonly TaskSpec[]): boolean => {
  const names = tasks.flatMap(({ params }) => params['name'] as string | string[]).flat()
  return new Set(names).size === names.length
}

const UNITS = ['lbt-a.service', 'lbt-b.service'] as const
const FOLDER = '/etc/systemd/system'
const TEXTS = ['sleep 1000', 'sleep 2000'].map(
  (command) => `[Service]\nExecStart=/bin/${command}\nExecReload=/bin/true\n\n[Install]\nWantedBy=multi-user.target\n`,
)
const [FIRST = ''] = TEXTS

interface UnitState {
  readonly file: number | null
  readonly enabled: boolean
  readonly started: boolean
  readonly masked: boolean
  /** A text written after systemd loaded the file. */
  readonly unread: number | null
}

const unitState: fc.Arbitrary<UnitState> = fc.record({
  file: fc.option(fc.nat({ max: 1 }), { freq: 4 }),
  enabled: fc.boolean(),
  started: fc.boolean(),
  masked: fc.nat({ max: 7 }).map((n) => n === 0),
  unread: fc.option(fc.nat({ max: 1 }), { freq: 1 }),
})

const writeUnit = (unit: string, text: number): string =>
  sh`printf %s ${TEXTS[text] as string} >${FOLDER}/${unit} || exit`
const putUnit = (unit: string, { file, enabled, started, masked, unread }: UnitState): string =>
  [
    sh`systemctl stop ${unit} 2>/dev/null; systemctl disable -q ${unit} 2>/dev/null; rm -rf ${FOLDER}/${unit} ${FOLDER}/${unit}.d /run/systemd/system/${unit}; systemctl daemon-reload; systemctl reset-failed ${unit} 2>/dev/null`,
    ...(masked
      ? [sh`systemctl mask -q ${unit} || exit`]
      : file === null
        ? []
        : [
            writeUnit(unit, file),
            'systemctl daemon-reload || exit',
            ...(enabled ? [sh`systemctl enable -q ${unit} || exit`] : []),
            ...(started ? [sh`systemctl start ${unit} || exit`] : []),
          ]),
  ].join('\n') + (masked || unread === null ? '' : `\nlb_late="$lb_late ${unit}:${unread}"`)

/** Unloaded files are written last: each daemon-reload loads all. The time of a file must also differ. */
export const units: fc.Arbitrary<string> = fc
  .tuple(unitState, unitState)
  .map((states) =>
    [
      'lb_late=',
      ...UNITS.map((unit, i) => putUnit(unit, states[i] as UnitState)),
      'for lb_each in $lb_late; do case ${lb_each##*:} in',
      ...TEXTS.map((text, i) => sh`${i}) printf %s ${text} >${FOLDER}/"\${lb_each%:*}" || exit ;;`),
      'esac; touch -d "1 minute" "' + FOLDER + '/${lb_each%:*}"; done',
    ].join('\n'),
  )

export const LOOK_AT_UNITS = [
  sh`systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,ExecStart ${[...UNITS]} | sed ${'s/start_time=.*//'}`,
  sh`find /etc/systemd/system -name ${'lbt-*'} -printf ${'%p %y %l %m %s\\n'} | sort; cat ${UNITS.map((unit) => `${FOLDER}/${unit}`)} 2>/dev/null; :`,
].join('\n')
/** With start times, to detect restarts. */
export const LOOK_AT_UNITS_CLOSELY = `${LOOK_AT_UNITS}\n${sh`systemctl show -p Id,MainPID,ExecMainStartTimestampMonotonic ${[...UNITS]}`}`

const unit = fc.constantFrom(...UNITS)

const systemdTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    name: unit,
    state: fc.option(fc.constantFrom('started', 'stopped', 'restarted', 'reloaded'), { freq: 3 }),
    enabled: fc.option(fc.boolean(), { freq: 1 }),
    masked: fc.option(fc.boolean(), { freq: 1 }),
    daemon_reload: fc.boolean(),
    bare: fc.boolean(),
    module: fc.constantFrom('systemd', 'systemd', 'service'),
  })
  .map(({ name, bare, module: chosen, ...rest }) => {
    const given: { state?: string; enabled?: boolean; masked?: boolean; daemon_reload?: boolean } = Object.fromEntries(
      Object.entries(rest).filter(([, value]) => value !== null),
    )
    const { state, enabled, masked } = given
    // `service` has fewer parameters, and requires one.
    const isService =
      chosen === 'service' && masked === undefined && !rest.daemon_reload && Object.keys(given).length > 1
    if (isService) delete given.daemon_reload
    return {
      module: isService ? ('service' as const) : ('systemd' as const),
      params: { name: bare ? name.replace('.service', '') : name, ...given },
      always: state === 'restarted' || state === 'reloaded',
      claim: [
        ...(state === undefined
          ? []
          : [sh`[ "$(systemctl is-active ${name})" ${state === 'stopped' ? '!=' : '='} active ] || exit 1`]),
        ...(enabled === undefined || masked === true
          ? []
          : [sh`[ "$(systemctl is-enabled ${name} 2>/dev/null)" ${enabled ? '=' : '!='} enabled ] || exit 1`]),
        ...(masked === undefined
          ? []
          : [sh`[ "$(readlink ${FOLDER}/${name})" ${masked ? '=' : '!='} /dev/null ] || exit 1`]),
        'exit 0',
      ].join('\n'),
      // systemd rejects a masked unit or a missing file only when asked.
      mayFail: masked !== undefined,
    }
  })

const unitFile: fc.Arbitrary<TaskSpec> = fc
  .record({ name: unit, text: fc.constantFrom(...TEXTS) })
  .map(({ name, text }) => ({
    module: 'copy',
    params: { dest: `${FOLDER}/${name}`, content: text, mode: '0644' },
    claim: sh`printf %s ${text} | cmp -s - ${FOLDER}/${name}`,
  }))

const reload: fc.Arbitrary<TaskSpec> = fc.constant({
  module: 'systemd',
  params: { daemon_reload: true },
  claim: sh`! systemctl show -p NeedDaemonReload ${[...UNITS]} | grep -q yes`,
})

export const unitTasks: fc.Arbitrary<TaskSpec> = fc.oneof(
  { weight: 4, arbitrary: systemdTask },
  { weight: 3, arbitrary: unitFile },
  { weight: 1, arbitrary: reload },
)

/** A service from its file to running, as in playbooks: succeeds from each start state. */
export const wholeService: fc.Arbitrary<TaskSpec[]> = unit.map((name) => [
  { module: 'copy', params: { dest: `${FOLDER}/${name}`, content: FIRST, mode: '0644' } },
  {
    module: 'systemd',
    params: { name, enabled: true, state: 'started', daemon_reload: true },
    claim: sh`systemctl is-active ${name} && systemctl is-enabled ${name}`,
  },
])

const [A] = UNITS

/** Fixed cases of units. */
export const unitCases = {
  'the first drop-in of a unit is read, also without a restart': {
    start: putUnit(A, { file: 0, enabled: false, started: true, masked: false, unread: null }),
    tasks: [
      { module: 'file', params: { path: `${FOLDER}/${A}.d`, state: 'directory', mode: '0755' } },
      {
        module: 'copy',
        params: { dest: `${FOLDER}/${A}.d/first.conf`, content: '[Service]\nCPUWeight=500\n', mode: '0644' },
      },
      {
        module: 'systemd',
        params: { name: A, daemon_reload: true },
        claim: sh`systemctl show -p CPUWeight ${A} | grep -qx CPUWeight=500`,
      },
    ],
  },
} satisfies Record<string, { start: string; tasks: TaskSpec[] }>

/** Each unit and its file in one task at most; files first. */
export const settledUnits = (tasks: readonly TaskSpec[]): boolean =>
  tasks.length === 1 &&
  tasks.every(
    ({ params }) => params['masked'] === undefined && params['state'] !== 'restarted' && params['state'] !== 'reloaded',
  )
