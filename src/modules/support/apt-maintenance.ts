import { posix } from 'node:path'
import { sh } from '../../shell/quote.ts'
import type { Change } from '../module.ts'
import type { AptParams } from './apt-facts.ts'
import { aptOptions, aptScript } from './apt-script.ts'
import { plural } from './text.ts'

/*
 * What the apt module does without names of packages: upgrade all, install a file, remove unused dependencies, clean
 * the cache of downloaded packages. apt-get is asked what it would do.
 */

/** The command for each kind of upgrade, as Ansible has them for apt-get. */
const UPGRADES = {
  no: undefined,
  yes: ['upgrade', '--with-new-pkgs'],
  safe: ['upgrade', '--with-new-pkgs'],
  full: ['dist-upgrade'],
  dist: ['dist-upgrade'],
} as const

const autoremoval = ({ purge }: AptParams): string[] => ['autoremove', ...(purge ? ['--purge'] : [])]
const removing = ({ autoremove }: AptParams): string[] => (autoremove ? ['--auto-remove'] : [])

/** Whether unused dependencies are removed in a step of their own, not with named packages. */
export const removesUnused = ({ autoremove, name, deb, upgrade }: AptParams): boolean =>
  autoremove && name === undefined && deb === undefined && upgrade === 'no'

/** Lines with a keyword in front, for {@link planMaintenance}. */
export function probeMaintenance(params: AptParams): string[] {
  const { upgrade, deb, autoclean, clean } = params
  const command = UPGRADES[upgrade]
  return [
    ...(command === undefined ? [] : [simulated('upgrade', [...command, ...aptOptions(params), ...removing(params)])]),
    ...(removesUnused(params) ? [simulated('autoremove', [...autoremoval(params), ...aptOptions(params)])] : []),
    ...(deb === undefined ? [] : [probeOfFile(params, deb)]),
    ...(autoclean ? ["apt-get -s -q autoclean 2>/dev/null | sed -n 's/^Del /autoclean /p'"] : []),
    ...(clean
      ? [
          'for lb_f in /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*; do',
          '  [ ! -e "$lb_f" ] || echo "clean ${lb_f##*/}"',
          'done',
        ]
      : []),
  ]
}

/** What apt-get would install, remove and configure, or why it refuses. */
const simulated = (keyword: string, words: readonly string[]): string =>
  [
    sh`if lb_said=$(apt-get -s -y -q ${words} 2>&1); then`,
    `  printf '%s\\n' "$lb_said" | sed -n 's/^\\(Inst\\|Remv\\|Purg\\) /${keyword} \\1 /p'`,
    `else printf '%s\\n' "$lb_said" | sed -n 's/^E: /${keyword}-refused /p; s/^  *\\([a-z0-9][^ ]* : [A-Z][A-Za-z-]*: .*\\)/${keyword}-refused \\1/p'; fi`,
  ].join('\n')

/** The package in a file, what is installed of it, and what apt-get would do. */
const probeOfFile = (params: AptParams, deb: string): string =>
  [
    sh`if [ ! -f ${deb} ]; then echo deb-missing`,
    sh`elif ! lb_deb=$(dpkg-deb -W --showformat='\${Package}\t\${Version}\t\${Architecture}' -- ${deb} 2>&1); then`,
    `  printf '%s\\n' "$lb_deb" | sed 's/^/deb-invalid /'`,
    'else',
    `  printf 'deb %s\\n' "$lb_deb"`,
    "  lb_name=${lb_deb%%'\t'*}; lb_deb=${lb_deb##*'\t'}; [ \"$lb_deb\" = all ] || lb_name=$lb_name:$lb_deb",
    `  dpkg-query -W -f='deb-installed \${db:Status-Abbrev}\\t\${Version}\\n' -- "$lb_name" 2>/dev/null`,
    simulated('deb-plan', ['install', ...aptOptions(params), deb]),
    'fi',
  ].join('\n')

/** The changes, or an error message. */
export function planMaintenance(params: AptParams, stdout: string, refreshes: boolean): Change[] | string {
  const lines = stdout.split('\n')
  const all = (keyword: string): string[] =>
    lines.filter((line) => line.startsWith(`${keyword} `)).map((line) => line.slice(keyword.length + 1))
  const refused = ['upgrade', 'autoremove', 'deb-plan'].find((keyword) => all(`${keyword}-refused`).length > 0)
  if (refused !== undefined && !(refused === 'upgrade' && refreshes))
    return `apt-get refuses: ${all(`${refused}-refused`).join('; ')}`
  const file = params.deb === undefined ? [] : planFile(params, params.deb, lines, all)
  if (typeof file === 'string') return file
  const clean = all('clean')
  const outdated = all('autoclean')
  return [
    ...(clean.length === 0
      ? []
      : [cleaning(params, 'clean', `remove ${plural(clean.length, 'downloaded package')} from the apt cache`)]),
    ...upgrading(params, all('upgrade'), refreshes),
    ...file,
    ...(removesUnused(params) ? removingUnused(params, all('autoremove')) : []),
    ...(outdated.length === 0
      ? []
      : [
          cleaning(
            params,
            'autoclean',
            `remove ${plural(outdated.length, 'downloaded package')} that no repository has any more from the apt cache`,
          ),
        ]),
  ]
}

const cleaning = (params: AptParams, command: string, description: string): Change => ({
  description,
  script: aptScript(params, false, [sh`lb_apt apt-get -q ${command} || exit`]),
  sets: ['/var/cache/apt/'],
  // An install or an update of the lists in the same task leaves new ones.
  recurs: true,
})

/** `Inst curl [7.88] (7.89 Debian:12 [amd64])`: name, old and new version. */
function versions(step: string): { name: string; before: string; after: string } {
  const [, name = '', before = '', after = ''] = /^\w+ (\S+)(?: \[([^\]]*)\])?(?: \((\S+))?/.exec(step) ?? []
  return { name, before, after }
}

const diffOf = (steps: readonly string[]): Change['diff'] => {
  const rows = steps.map(versions)
  const text = (key: 'before' | 'after', none: string): string =>
    rows.map((row) => `${row.name}: ${row[key] === '' ? none : row[key]}\n`).join('')
  return { subject: 'packages', before: text('before', 'not installed'), after: text('after', 'not installed') }
}

function upgrading(params: AptParams, steps: readonly string[], refreshes: boolean): Change[] {
  const command = UPGRADES[params.upgrade]
  if (command === undefined || (steps.length === 0 && !refreshes)) return []
  const names = steps.map((step) => versions(step).name)
  const removed = steps.filter((step) => !step.startsWith('Inst ')).map((step) => versions(step).name)
  const description =
    steps.length === 0
      ? 'upgrade all packages if the updated cache has newer versions'
      : `upgrade ${plural(names.length - removed.length, 'package')}: ${names.filter((name) => !removed.includes(name)).join(', ')}` +
        (removed.length === 0 ? '' : ` (removes ${removed.join(', ')})`)
  const words = [...command, ...aptOptions(params), ...removing(params)]
  return [
    {
      description,
      script: aptScript(params, false, [sh`lb_apt apt-get -y -q ${words} || exit`]),
      // What was upgraded may leave more that is unused, such as an old kernel.
      ...(steps.length > 0 && removed.length === steps.length ? { recurs: true } : {}),
      ...(steps.length === 0 ? {} : { diff: diffOf(steps) as NonNullable<Change['diff']> }),
    },
  ]
}

function removingUnused(params: AptParams, steps: readonly string[]): Change[] {
  if (steps.length === 0) return []
  return [
    {
      description: `remove unused dependencies: ${steps.map((step) => versions(step).name).join(', ')}`,
      script: aptScript(params, false, [
        sh`lb_apt apt-get -y -q ${[...autoremoval(params), ...aptOptions(params)]} || exit`,
      ]),
      diff: diffOf(steps) as NonNullable<Change['diff']>,
    },
  ]
}

function planFile(
  params: AptParams,
  deb: string,
  lines: readonly string[],
  all: (keyword: string) => string[],
): Change[] | string {
  if (lines.includes('deb-missing')) return `${deb} does not exist on this host: copy or download it first`
  const [invalid] = all('deb-invalid')
  if (invalid !== undefined) return `${deb} is no Debian package: ${invalid}`
  const [name = '', version = ''] = all('deb')[0]?.split('\t') ?? []
  const [status = '', installed = ''] = all('deb-installed')[0]?.split('\t') ?? []
  const isInstalled = /^.[itW]/.test(status)
  if (isInstalled && installed === version) return []
  const others = all('deb-plan')
    .map((step) => versions(step).name)
    .filter((each) => each !== name)
  return [
    {
      description:
        `install ${name} ${version} from ${posix.basename(deb)}${isInstalled ? ` (was ${installed})` : ''}` +
        (others.length === 0 ? '' : `, with ${others.join(', ')}`),
      script: aptScript(params, false, [sh`lb_apt apt-get -y -q install ${aptOptions(params)} ${deb} || exit`]),
      diff: {
        subject: 'packages',
        before: `${name}: ${isInstalled ? installed : 'not installed'}\n`,
        after: `${name}: ${version}\n`,
      },
    },
  ]
}
