import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import { setUnitFile, unitFile } from '../support/effects.ts'
import { isTemplate, parseUnit, unitProbe, withSuffix, type Unit } from '../support/systemd-facts.ts'
import { ANYTHING, type Change, type Diff, type Plan, type PredictedState } from '../module.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject({
    /** Unit name; `.service` if it has no suffix. */
    name: z
      .string()
      .regex(/^[A-Za-z0-9:_.@\\-]+$/, 'must be the name of one unit')
      .optional(),
    state: z.enum(['started', 'stopped', 'restarted', 'reloaded']).optional(),
    enabled: z.boolean().optional(),
    masked: z.boolean().optional(),
    /** Run daemon-reload, only if unit files are newer than what systemd has loaded, or a drop-in is not loaded. */
    daemon_reload: z.boolean().default(false),
  })
  .refine((params) => params.name !== undefined || params.daemon_reload, 'set name or daemon_reload: true')
  .refine(
    (params) =>
      params.name !== undefined || [params.state, params.enabled, params.masked].every((it) => it === undefined),
    'state, enabled and masked require name',
  )
  .refine(
    ({ name = '', state }) => state === undefined || !isTemplate(name),
    'a template has no state: name an instance, such as getty@tty1.service',
  )

type Params = z.output<typeof schema>

export interface SystemdValues {
  /** `active`, `inactive`, `failed`, ... */
  readonly active_state: string
  /** `enabled`, `disabled`, `static`, `masked`, ... */
  readonly unit_file_state: string
}

/**
 * Starts, stops, enables and masks systemd units. A restart leaves no state to probe, so every change ends by printing
 * the unit's state, which decides.
 */
export const systemd = defineModule<typeof schema, SystemdValues>({
  name: 'systemd',
  schema,
  reads(params) {
    const { name } = params
    if (name === undefined) return [...unitFile(), '/etc/fstab']
    const unit = withSuffix(name)
    // Only tasks that set `enabled` depend on whether the unit is enabled.
    const enabled = params.enabled === undefined ? [] : [`unit-enabled:${unit}`]
    return [...unitFile(unit), `unit:${unit}`, ...enabled]
  },
  // A service may change anything when it starts or stops.
  sets({ name, state }) {
    if (name === undefined) return [MANAGER]
    const unit = withSuffix(name)
    return [...setsOfUnit(unit), ...(state === undefined ? [] : [`unit:${unit}`, ANYTHING])]
  },
  title: (params) => params.name ?? 'daemon-reload',
  probe: ({ name }) => unitProbe(name),

  plan(params, observed) {
    if (observed.exitCode === 127)
      return { changes: [], problem: 'systemctl not found: this host does not run systemd' }
    if (observed.exitCode !== 0) return { changes: [], problem: `systemd does not respond: ${observed.stderr.trim()}` }
    return planFor(params, parseUnit(observed.stdout))
  },

  /** After a task that starts or stops the unit. */
  planAfter(params, observed, { changed }) {
    const key = `unit:${withSuffix(params.name ?? '')}`
    const active = changed[key]
    if (params.name === undefined || observed.exitCode !== 0 || typeof active !== 'string') return undefined
    if (Object.keys(changed).some((other) => other !== key)) return undefined
    return planFor(params, { ...parseUnit(observed.stdout), active })
  },

  result(params, applied) {
    const last = applied.at(-1)
    const unit = parseUnit(last?.stdout ?? '')
    const left = unmetState(params, unit)
    return { values: values(unit), ...(left === undefined || last?.exitCode !== 0 ? {} : { failed: left }) }
  },
})

function planFor(params: Params, unit: Unit): Plan<SystemdValues> {
  // A daemon-reload by another task makes this one unnecessary.
  const reads = unit.stale || unit.load === 'not-found' ? { reads: [MANAGER] } : {}
  if (params.name === undefined) {
    return {
      ...reads,
      changes: unit.stale ? [step(params, 'reload systemd', ['systemctl daemon-reload || exit'], [MANAGER])] : [],
      values: values(unit),
    }
  }
  const problem = problemOf(params, unit)
  if (problem !== undefined) return { changes: [], values: values(unit), problem, ...reads }
  return {
    ...reads,
    ...activeAfter(params, unit),
    changes: changesFor(params, params.name, unit),
    values: values(unit),
  }
}

/** A unit that runs once is inactive when it has run. */
function activeAfter({ name = '', state }: Params, { type }: Unit): { leaves?: PredictedState } {
  if (state === undefined || (type !== 'simple' && type !== 'notify' && type !== 'exec' && type !== 'forking'))
    return {}
  return { leaves: { [`unit:${withSuffix(name)}`]: state === 'stopped' ? 'inactive' : 'active' } }
}

/** Unit files as loaded by systemd. */
const MANAGER = 'systemd:manager'

const enabledAt = ['basic', 'default', 'graphical', 'multi-user', 'network-online', 'sockets', 'sysinit', 'timers']

/**
 * A unit's file names the links that enabling creates; most are in these targets. Enabling also reloads all unit files.
 */
const setEnabled = (unit: string): string[] => [
  `unit-enabled:${unit}`,
  MANAGER,
  ...enabledAt.flatMap((target) =>
    ['wants', 'requires'].map((kind) => `/etc/systemd/system/${target}.target.${kind}/${unit}`),
  ),
]

const setMasked = (unit: string): string[] => [
  `/etc/systemd/system/${unit}`,
  `/run/systemd/system/${unit}`,
  `unit-enabled:${unit}`,
  MANAGER,
  ...setUnitFile(unit),
]

const setsOfUnit = (unit: string): string[] => [...setEnabled(unit), ...setMasked(unit)]

const values = (unit: Unit): SystemdValues => ({ active_state: unit.active, unit_file_state: unit.file })

function problemOf(params: Params, unit: Unit): string | undefined {
  const { name, state, enabled, masked } = params
  // A unit can be masked and unmasked before it is installed.
  const onlyMask = masked !== undefined && state === undefined && enabled === undefined
  if (unit.load === 'not-found' && !onlyMask && !(unit.onDisk && params.daemon_reload)) {
    return unit.onDisk
      ? `systemd has not loaded the unit file of ${name}: set daemon_reload: true`
      : `unit "${name}" not found: is its package installed and its name correct?`
  }
  if (
    unit.load === 'masked' &&
    masked !== false &&
    (enabled === true || (state !== undefined && state !== 'stopped'))
  ) {
    return `${name} is masked and cannot be started or enabled: set masked: false`
  }
  if (['error', 'bad-setting'].includes(unit.load))
    return `the unit file of ${name} has errors: see systemctl status ${name}`
  if (enabled === false && unit.file === 'generated')
    return `${name} cannot be disabled: systemd generates it from ${unit.origin}. Remove its entry there, or set masked: true`
  return undefined
}

function changesFor(params: Params, name: string, unit: Unit): Change[] {
  const { state, enabled, masked } = params
  // A mask in /run is lost at the next boot.
  const isMasked = unit.file === 'masked'
  const isMaskedUntilBoot = unit.file === 'masked-runtime'
  const changes: Change[] = []
  const unitName = withSuffix(name)
  const add = (
    description: string,
    script: string,
    sets: readonly string[] | undefined,
    change?: [subject: string, before: string, after: string],
  ): void => {
    const diff: Diff | undefined = change && {
      subject: `${name} ${change[0]}`,
      before: `${change[1]}\n`,
      after: `${change[2]}\n`,
    }
    changes.push(step(params, description, [script], sets, diff))
  }
  if (masked === false && (isMasked || isMaskedUntilBoot))
    add(
      `unmask ${name}`,
      sh`systemctl unmask -- ${name} >&2 && systemctl unmask --runtime -- ${name} >&2 || exit`,
      setMasked(unitName),
      ['file', unit.file, 'unmasked'],
    )
  const reload = params.daemon_reload && (unit.stale || unit.load === 'not-found')
  if (reload) add('reload systemd', 'systemctl daemon-reload || exit', [MANAGER])
  if (enabled !== undefined && enabled !== isEnabled(unit, enabled)) {
    add(
      `${enabled ? 'enable' : 'disable'} ${name}`,
      sh`systemctl ${enabled ? 'enable' : 'disable'} -- ${name} >&2 || exit`,
      setEnabled(unitName),
      ['at boot', unit.file || 'disabled', enabled ? 'enabled' : 'disabled'],
    )
  }
  const verb = verbFor(state, unit)
  if (verb !== undefined) {
    // A restarted unit is as active as before.
    const isActive = verb !== 'stop' && isRunning(unit)
    add(
      `${verb} ${name}`,
      actionScript(verb, name),
      [...(isActive ? [] : [`unit:${unitName}`]), ANYTHING],
      ['state', unit.active || 'inactive', verb === 'stop' ? 'inactive' : `active (${verb}ed)`],
    )
  }
  if (masked === true && !isMasked)
    add(`mask ${name}`, sh`systemctl mask -- ${name} >&2 || exit`, setMasked(unitName), [
      'file',
      isMaskedUntilBoot ? unit.file : 'unmasked',
      'masked',
    ])
  return changes
}

const isRunning = (unit: Unit): boolean => unit.active === 'active' || unit.active === 'reloading'
/** Its start may have read the old configuration. A unit that waits for its next start has no process. */
const isStarting = (unit: Unit): boolean => unit.active === 'activating' && !unit.sub.startsWith('auto-restart')
const isStopped = (unit: Unit): boolean => ['inactive', 'failed', ''].includes(unit.active)

/**
 * Units that cannot be enabled (static, alias) count as in the desired state. A generated unit is enabled: it cannot be
 * disabled. An indirect unit is enabled when the units of its Also= are.
 */
function isEnabled(unit: Unit, requested: boolean): boolean {
  if (unit.file === 'indirect' && unit.also.length > 0) {
    const isOn = (state: string): boolean => state === 'enabled'
    return requested ? unit.also.every((state) => isOn(state) || state === 'static') : unit.also.some(isOn)
  }
  if (['static', 'indirect', 'alias', 'transient'].includes(unit.file)) return requested
  return unit.file === 'enabled' || unit.file === 'generated'
}

type Verb = 'start' | 'stop' | 'restart' | 'reload'

function verbFor(state: Params['state'], unit: Unit): Verb | undefined {
  switch (state) {
    case undefined:
      return undefined
    case 'started':
      return isRunning(unit) ? undefined : 'start'
    case 'stopped':
      return isStopped(unit) ? undefined : 'stop'
    case 'restarted':
      return isRunning(unit) || isStarting(unit) ? 'restart' : 'start'
    case 'reloaded':
      return isRunning(unit) || isStarting(unit) ? 'reload' : 'start'
  }
}

/** On failure, the unit's status and log go to stderr: systemctl itself only says where to look. */
function actionScript(verb: Verb, name: string): string {
  if (verb === 'stop') return sh`systemctl stop -- ${name} || exit`
  return [
    sh`lb_why() { systemctl status --no-pager --full --lines=0 -- ${name} >&2; journalctl --no-pager -o cat -n 20 -u ${name} >&2; exit 1; }`,
    // systemd refuses to start a unit that failed too often until its counter is reset.
    sh`systemctl reset-failed -- ${name} 2>/dev/null`,
    sh`systemctl ${verb} -- ${name} || lb_why`,
    'lb_tries=0',
    sh`while [ "$(systemctl show -p ActiveState -- ${name})" = ActiveState=activating ] && [ "$lb_tries" -lt 30 ]; do`,
    '  lb_tries=$((lb_tries + 1)); sleep 1',
    'done',
    sh`case $(systemctl show -p ActiveState,Result -- ${name}) in *ActiveState=failed*|*ActiveState=activating*) lb_why ;; esac`,
  ].join('\n')
}

const step = (
  params: Params,
  description: string,
  lines: readonly string[],
  sets: readonly string[] | undefined,
  diff?: Diff,
): Change => ({
  description,
  script: [...lines, unitProbe(params.name)].join('\n'),
  ...(diff && { diff }),
  ...(sets && { sets }),
})

/** How the unit differs after all changes; undefined if it does not. */
function unmetState(params: Params, unit: Unit): string | undefined {
  const { name, state, enabled, masked } = params
  if (name === undefined) return undefined
  if (masked === false && unit.file.startsWith('masked'))
    return `${name} is still masked: systemctl unmask removes masks in /etc and /run only`
  const ranOnce = unit.type === 'oneshot' && unit.active === 'inactive' && unit.result === 'success'
  if (state === 'stopped' ? !isStopped(unit) : state !== undefined && !isRunning(unit) && !ranOnce) {
    return `${name} is ${unit.active} (${unit.sub}), not ${state === 'stopped' ? 'stopped' : 'running'}`
  }
  if (masked !== true && enabled !== undefined && enabled !== isEnabled(unit, enabled)) {
    return `${name} is ${unit.file || 'not enabled'}, not ${enabled ? 'enabled' : 'disabled'}`
  }
  return undefined
}
