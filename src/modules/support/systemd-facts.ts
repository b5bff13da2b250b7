import { sh } from '../../shell/quote.ts'

const PROPERTIES = 'LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,DropInPaths,Type,Result'
/**
 * Reports drop-ins that systemd did not list in `lb_unit`. Before version 257 it misses the first one of a unit, as it
 * searches only directories that it knew at the last reload (systemd issue 31752). It never lists empty ones or links
 * to /dev/null.
 */
const newDropIns = (unit: string): string =>
  [
    sh`for lb_conf in /etc/systemd/system/${unit}.d/*.conf; do`,
    '  case $lb_unit in',
    '    *[=\\ ]"$lb_conf"*) ;;',
    '    *LoadState=loaded*) if [ -s "$lb_conf" ]; then echo DropIn=new; fi ;;',
    '  esac',
    'done',
  ].join('\n')

/** Prints a unit's state as `Key=Value` lines; without a name, only whether any unit file is newer than its unit. */
export function unitProbe(name: string | undefined): string {
  const requireSystemctl = 'command -v systemctl >/dev/null || exit 127'
  if (name === undefined) {
    // --all: inactive units count, too.
    return `${requireSystemctl}\nlb_units=$(systemctl show --all -p NeedDaemonReload '*') || exit\ncase $lb_units in *=yes*) echo NeedDaemonReload=yes ;; esac`
  }
  if (isTemplate(name)) return [requireSystemctl, factsOfTemplate(withSuffix(name))].join('\n')
  return [
    requireSystemctl,
    sh`lb_unit=$(systemctl show -p ${PROPERTIES} -- ${name}) || exit`,
    `printf '%s\\n' "$lb_unit"`,
    newDropIns(withSuffix(name)),
    'case $lb_unit in',
    // A unit that systemd has not loaded yet is listed only among the files.
    sh`  *LoadState=not-found*) [ -z "$(systemctl list-unit-files --no-legend -- ${withSuffix(name)})" ] || echo OnDisk=yes ;;`,
    // An init script has no unit file; is-enabled asks the tool for it.
    sh`  *UnitFileState=generated*) echo "IsEnabled=$(systemctl is-enabled -- ${name} 2>/dev/null)"`,
    sh`    systemctl show -p FragmentPath,SourcePath -- ${name} ;;`,
    // The unit itself cannot be enabled, but those in its Also= can.
    sh`  *UnitFileState=indirect*) lb_also=$(systemctl cat -- ${name} 2>/dev/null | sed -n 's/^Also=//p')`,
    '    for lb_other in $lb_also; do echo "Also=$(systemctl is-enabled -- "$lb_other" 2>/dev/null)"; done ;;',
    'esac',
  ].join('\n')
}

/** systemd loads instances, never a template: only its file has a state. */
const factsOfTemplate = (unit: string): string =>
  [
    sh`lb_file=$(systemctl is-enabled -- ${unit} 2>/dev/null)`,
    'case $lb_file in',
    "  '' | not-found) echo LoadState=not-found ;;",
    '  masked*) echo LoadState=masked ;;',
    '  *) echo LoadState=loaded ;;',
    'esac',
    'echo "UnitFileState=$lb_file"',
  ].join('\n')

/** A template, such as `getty@.service`. */
export const isTemplate = (name: string): boolean => /@(\.[a-z]+)?$/.test(name)

/** The full name of a unit. */
export const withSuffix = (name: string): string =>
  /\.(service|socket|target|timer|mount|automount|path|slice|scope|swap|device)$/.test(name) ? name : `${name}.service`

/** State of a unit. */
export interface Unit {
  readonly load: string
  readonly active: string
  readonly sub: string
  readonly file: string
  /** States of the unit files that enabling this unit enables, too. */
  readonly also: readonly string[]
  readonly stale: boolean
  readonly onDisk: boolean
  readonly type: string
  readonly result: string
  /** What a generated unit is made from, such as /etc/fstab, or its file. */
  readonly origin: string
}

/** Parses the output of {@link unitProbe}. */
export function parseUnit(stdout: string): Unit {
  const read = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(stdout)?.[1] ?? ''
  return {
    load: read('LoadState'),
    active: read('ActiveState'),
    sub: read('SubState'),
    file: read('IsEnabled') || read('UnitFileState'),
    also: [...stdout.matchAll(/^Also=(.*)$/gm)].map(([, state = '']) => state),
    stale: read('NeedDaemonReload') === 'yes' || read('DropIn') === 'new',
    onDisk: read('OnDisk') === 'yes',
    type: read('Type'),
    result: read('Result'),
    origin: read('SourcePath') || read('FragmentPath'),
  }
}
