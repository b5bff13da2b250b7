import { sh } from '../../shell/quote.ts'
import type { Change, Diff } from '../module.ts'
import {
  candidate,
  findPackage,
  installedVersion,
  aptName,
  isAutomatic,
  leastVersion,
  namesIn,
  needsWork,
  plainName,
  updatesCache,
  versionIn,
  withoutVersion,
  type AptFacts,
  type AptParams,
} from './apt-facts.ts'
import { compareVersions } from './debian-version.ts'
import { planMaintenance } from './apt-maintenance.ts'
import { aptScript, dpkgOptions, REFRESH } from './apt-script.ts'
import { definesFresh, installation, LISTS, LITERAL_NAMES, REFUSALS, removal } from './apt-probe.ts'

/** Resource keys that an update of the apt cache sets. */
export const setLists = [LISTS, '/var/cache/apt/']

/** Resource key: which packages were installed as dependencies only. */
export const AUTOMATIC = 'apt:automatic'

/** The changes, or an error message. */
export function planApt(params: AptParams, facts: AptFacts, stdout: string): Change[] | string {
  const wanted = namesIn(params)
  const pending = wanted.filter((name) => needsWork(params, facts, name))
  const changes: Change[] = []
  if (updatesCache(params) && pending.length === 0 && mustRefresh(params, facts)) {
    changes.push({
      description: `update the apt cache (${age(facts)})`,
      script: aptScript(params, false, [REFRESH]),
      sets: setLists,
    })
  }
  const maintenance = planMaintenance(params, stdout, changes.length > 0)
  if (typeof maintenance === 'string') return maintenance
  if (pending.length > 0) {
    if (facts.refusals.length > 0) return refusal(params, facts, pending)
    const tooOld = pending.flatMap((name) => tooOldCandidate(params, facts, name))
    if (tooOld.length > 0) return tooOld.join('; ')
    changes.push(packageChange(params, facts, pending))
  } else if (params.state === 'latest' && wanted.length > 0 && changes.length > 0) {
    changes.push({
      ...packageChange(params, facts, wanted),
      description: `upgrade ${wanted.join(', ')} if the updated cache has a newer version`,
    })
  }
  const automatic = params.state === 'absent' ? [] : wanted.filter((name) => isAutomatic(facts, name))
  const marked = automatic.filter((name) => !pending.includes(name))
  if (marked.length > 0) {
    changes.push({
      description: `mark ${marked.map(withoutVersion).join(', ')} as manually installed`,
      script: aptScript(params, facts.interrupted && pending.length === 0, [markManual(facts, marked)]),
      sets: [AUTOMATIC, ...marked.map((name) => `package:${withoutVersion(name)}`), '/var/lib/apt/extended_states'],
    })
  }
  changes.push(...maintenance)
  return changes.length > 0 && !facts.writable
    ? 'cannot write to /var/lib/dpkg on this host: packages can only be changed as root (become: true)'
    : changes
}

/** Why no package that apt knows is new enough. An update of the package lists may bring one. */
function tooOldCandidate(params: AptParams, facts: AptFacts, name: string): string[] {
  const least = leastVersion(name)
  const newest = candidate(facts, name)
  if (least === undefined || newest === undefined || updatesCache(params)) return []
  return compareVersions(newest, least) < 0 ? [`${name}: the newest version that apt knows is ${newest}`] : []
}

function refusal(params: AptParams, facts: AptFacts, pending: readonly string[]): string {
  const hint = staleHint(params, facts)
  const reasons = facts.refusals.join('; ')
  return `apt-get refuses to ${verb(params, facts, pending)} ${pending.join(', ')}: ${reasons}${hint === '' ? '' : `. ${hint}`}`
}

function verb({ state, purge }: AptParams, facts: AptFacts, pending: readonly string[]): string {
  if (state === 'absent') return purge ? 'purge' : 'remove'
  return pending.every((name) => installedVersion(facts, name) !== null) ? 'upgrade' : 'install'
}

function packageChange(params: AptParams, facts: AptFacts, pending: readonly string[]): Change {
  const absent = params.state === 'absent'
  const automatic = absent ? [] : pending.filter((name) => isAutomatic(facts, name))
  const action = absent ? removal(params) : installation(params)
  const run = sh`lb_apt lb_apt_get -y -q ${dpkgOptions(params)} ${action} -- ${absent ? pending.map(withoutVersion) : pending.map(aptName)}`
  const hint = staleHint(params, facts)
  return {
    description: [
      ...(facts.interrupted ? ['repair the interrupted dpkg run, then '] : []),
      verb(params, facts, pending),
      ' ',
      pending.join(', '),
      ...(absent ? [removalSuffix(facts, pending)] : []),
    ].join(''),
    script: aptScript(params, facts.interrupted, [
      LITERAL_NAMES,
      ...(updatesCache(params) && !absent ? [refreshIfStale(params)] : []),
      `${run} || ${absent || hint === '' ? 'exit' : `{ lb_code=$?; ${sh`echo ${hint} >&2`}; exit "$lb_code"; }`}`,
      ...(automatic.length === 0 ? [] : [markManual(facts, automatic)]),
    ]),
    ...(absent || facts.interrupted || !refreshes(params, facts) ? {} : uncertainInstall(params, pending)),
    diff: diff(params, facts, pending),
  }
}

/** Whether the package lists are updated before an install. */
const refreshes = (params: AptParams, facts: AptFacts): boolean =>
  updatesCache(params) &&
  (facts.listsAt === null || facts.sourcesNewer || facts.now - facts.listsAt >= (params.cache_valid_time ?? 0))

/** Asks apt-get whether it would refuse with the package lists that the host has now: new ones may decide otherwise. */
const uncertainInstall = (
  params: AptParams,
  pending: readonly string[],
): Pick<Change, 'dryRun' | 'dryRunIsUncertain'> => ({
  dryRun: [
    'export LC_ALL=C',
    LITERAL_NAMES,
    sh`lb_said=$(lb_apt_get -s -y -q ${installation(params)} -- ${pending.map(aptName)} 2>&1) && exit 0`,
    `lb_said=$(${REFUSALS} | sed 's/^refused //' | paste -s -d ';' -)`,
    `printf 'the package lists must be updated first; with the present ones, apt-get refuses: %s\n' "$lb_said" >&2; exit 1`,
  ].join('\n'),
  dryRunIsUncertain: true,
})

/** The names are those of installed packages, so apt-mark takes them literally. */
function markManual(facts: AptFacts, names: readonly string[]): string {
  const exact = names.map((name) => {
    const found = findPackage(facts, name)
    return found === undefined || found.arch === 'all' ? plainName(name) : `${found.name}:${found.arch}`
  })
  return sh`lb_apt apt-mark manual -- ${exact} >&2 || exit`
}

/** Packages removed in addition: dependents and, with autoremove, unused dependencies. */
const additionalRemovals = ({ alsoRemoved }: AptFacts, pending: readonly string[]): AptFacts['alsoRemoved'] =>
  alsoRemoved.filter(({ name }) => !pending.some((asked) => plainName(asked) === plainName(name)))

function removalSuffix(facts: AptFacts, pending: readonly string[]): string {
  const names = additionalRemovals(facts, pending).map(({ name }) => name)
  return names.length === 0 ? '' : ` (also removes ${names.join(', ')})`
}

const refreshIfStale = (params: AptParams): string => `${definesFresh(params)}
lb_fresh || { ${REFRESH.replaceAll('\n', '\n  ')}
}`

/** A hint for the case that stale package lists are why a package was not found. */
function staleHint(params: AptParams, facts: AptFacts): string {
  const stale = facts.listsAt === null || facts.sourcesNewer || facts.now - facts.listsAt > DAY
  if (updatesCache(params) || params.state === 'absent' || !stale) return ''
  return `The apt cache of this host is stale (${age(facts)}): set update_cache: true`
}

const DAY = 86_400
const HOUR = 3_600

/** Whether to update the cache although no install is planned. */
function mustRefresh(params: AptParams, facts: AptFacts): boolean {
  if (params.state !== 'latest' && namesIn(params).length > 0) return false
  if (facts.listsAt === null || facts.sourcesNewer) return true
  return facts.now - facts.listsAt > (params.cache_valid_time ?? HOUR)
}

/** A point in time, not the time since: the same in check mode and in the run that follows. */
function age(facts: AptFacts): string {
  if (facts.listsAt === null) return 'never updated'
  if (facts.sourcesNewer) return 'sources changed since the last update'
  return `last updated ${new Date(facts.listsAt * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function diff(params: AptParams, facts: AptFacts, pending: readonly string[]): Diff {
  const after = (name: string): string => {
    if (params.state === 'absent') return 'not installed'
    return candidate(facts, name) ?? versionIn(name) ?? 'installed'
  }
  const lines = (of: (name: string) => string): string =>
    pending.map((name) => `${withoutVersion(name)}: ${of(name)}\n`).join('')
  const additional = params.state === 'absent' ? additionalRemovals(facts, pending) : []
  return {
    subject: 'packages',
    before:
      lines((name) => installedVersion(facts, name) ?? 'not installed') +
      additional.map(({ name, version }) => `${name}: ${version}\n`).join(''),
    after: lines(after) + additional.map(({ name }) => `${name}: not installed\n`).join(''),
  }
}
