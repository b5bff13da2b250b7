import { compareVersions } from './debian-version.ts'

/** Parameters of the `apt` module. */
export interface AptParams {
  readonly name?: string | string[] | undefined
  readonly state: 'present' | 'absent' | 'latest'
  readonly update_cache: boolean
  readonly cache_valid_time?: number | undefined
  readonly install_recommends?: boolean | undefined
  readonly default_release?: string | undefined
  readonly allow_downgrade: boolean
  readonly purge: boolean
  readonly autoremove: boolean
  readonly only_upgrade: boolean
  readonly allow_change_held_packages: boolean
  readonly upgrade: 'no' | 'yes' | 'safe' | 'full' | 'dist'
  readonly deb?: string | undefined
  readonly autoclean: boolean
  readonly clean: boolean
  /** Without `--`. */
  readonly dpkg_options: readonly string[]
  readonly lock_timeout: number
}

interface Package {
  readonly status: string
  readonly name: string
  readonly arch: string
  readonly version: string
}

/** A package removed as a side effect. */
interface RemovedPackage {
  readonly name: string
  readonly version: string
}

/** Output of the `apt` module's probe. */
export interface AptFacts {
  readonly alsoRemoved: readonly RemovedPackage[]
  readonly arch: string
  readonly now: number
  /** Unix time of the last update; null: never. */
  readonly listsAt: number | null
  readonly sourcesNewer: boolean
  readonly interrupted: boolean
  /** The package database can be written. */
  readonly writable: boolean
  /** Why apt-get refuses the change, in its own words; empty: it does not, or it was not asked. */
  readonly refusals: readonly string[]
  readonly packages: readonly Package[]
  /** Requested names that an installed package provides. */
  readonly provided: ReadonlySet<string>
  /** Requested names that are installed for a foreign architecture, and could be installed for the host's own. */
  readonly native: ReadonlySet<string>
  /** `name:arch` of packages that were installed as dependencies only. */
  readonly automatic: ReadonlySet<string>
  readonly candidates: ReadonlyMap<string, string>
}

/** Parses the output of the probe. */
export function parseApt(stdout: string): AptFacts {
  const lines = stdout.split('\n')
  const all = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1))
  const candidates = new Map<string, string>()
  let subject = ''
  for (const line of lines) {
    if (/^\S+:$/.test(line)) subject = line.slice(0, -1)
    const candidate = /^ {2}Candidate: (\S+)/.exec(line)?.[1]
    if (candidate !== undefined && candidate !== '(none)') candidates.set(subject, candidate)
  }
  const [listsAt] = all('lists')
  return {
    alsoRemoved: lines.flatMap((line) => {
      const [, name, version] = /^goes (\S+) (\S+)$/.exec(line) ?? []
      return name === undefined || version === undefined ? [] : [{ name, version }]
    }),
    arch: all('arch')[0] ?? '',
    now: Number(all('now')[0]),
    listsAt: listsAt === undefined ? null : Number(listsAt),
    sourcesNewer: lines.includes('sources-newer'),
    interrupted: lines.includes('interrupted'),
    writable: !lines.includes('not-writable'),
    refusals: all('refused'),
    packages: lines
      .filter((line) => line.startsWith('pkg\t'))
      .map((line) => {
        const [, status = '', name = '', arch = '', version = ''] = line.split('\t')
        return { status, name, arch, version }
      }),
    provided: new Set(all('provided')),
    native: new Set(all('native')),
    automatic: new Set(all('automatic')),
    candidates,
  }
}

/** The name of a package without version: `libc6:amd64`. */
export const withoutVersion = (name: string): string => name.split(/>?=/, 1)[0] as string
/** The name of a package without architecture and version. */
export const plainName = (name: string): string => withoutVersion(name).split(':', 1)[0] as string
/** The architecture in a name. */
export const archIn = (name: string): string | undefined => withoutVersion(name).split(':')[1]
/** The version in a name, which may have wildcards. */
export const versionIn = (name: string): string | undefined =>
  leastVersion(name) === undefined ? name.split('=')[1] : undefined
/** The oldest version that a name accepts: `curl>=7.88`. */
export const leastVersion = (name: string): string | undefined => name.split('>=')[1]
/** A name as apt-get knows it: a range stands for the candidate. */
export const aptName = (name: string): string => (leastVersion(name) === undefined ? name : withoutVersion(name))

/** Whether the package lists may be updated: as in Ansible, `cache_valid_time` implies it. */
export const updatesCache = ({
  update_cache,
  cache_valid_time,
}: Pick<AptParams, 'update_cache' | 'cache_valid_time'>) => update_cache || cache_valid_time !== undefined

/** Names in the parameter `name`. */
export const namesIn = ({ name }: Pick<AptParams, 'name'>): readonly string[] =>
  name === undefined ? [] : [name].flat()

/** The second letter of dpkg's abbreviation is the state; pending or awaited triggers count as installed. */
const isInstalled = ({ status }: Package): boolean => /^.[itW]/.test(status)

/**
 * The package that a name stands for. Without an architecture it is the host's own; a package that exists only for a
 * foreign one counts, as for apt.
 */
export function findPackage(facts: AptFacts, wanted: string): Package | undefined {
  const named = facts.packages.filter(({ name }) => name === plainName(wanted))
  const arch = archIn(wanted) ?? facts.arch
  const own = named.filter((it) => it.arch === arch || (arch === facts.arch && it.arch === 'all'))
  const foreign = archIn(wanted) === undefined && !facts.native.has(plainName(wanted)) ? named : []
  return own.find(isInstalled) ?? foreign.find(isInstalled) ?? own[0]
}

/** The installed version of a package, or null. */
export function installedVersion(facts: AptFacts, wanted: string): string | null {
  const found = findPackage(facts, wanted)
  return found !== undefined && isInstalled(found) ? found.version : null
}

/** Whether the package is installed, but only as a dependency of others: then autoremove may remove it. */
export function isAutomatic(facts: AptFacts, wanted: string): boolean {
  const found = findPackage(facts, wanted)
  // apt records packages of all architectures under the host's own.
  return found !== undefined && facts.automatic.has(`${found.name}:${found.arch === 'all' ? facts.arch : found.arch}`)
}

/** The version that apt would install. */
export function candidate(facts: AptFacts, wanted: string): string | undefined {
  const found = findPackage(facts, wanted)
  return [withoutVersion(wanted), plainName(wanted), ...(found === undefined ? [] : [`${found.name}:${found.arch}`])]
    .map((name) => facts.candidates.get(name))
    .find((version) => version !== undefined)
}

/** Whether the host differs from the desired state of a package. */
export function needsWork({ state, purge, only_upgrade }: AptParams, facts: AptFacts, wanted: string): boolean {
  const version = installedVersion(facts, wanted)
  const requested = versionIn(wanted)
  if (state === 'absent') {
    const found = findPackage(facts, wanted)
    const status = found?.status[1] ?? 'n'
    if (status === 'n' || found === undefined) return false
    return status === 'c' ? purge : requested === undefined || matches(requested, found.version)
  }
  const least = leastVersion(wanted)
  if (version === null && only_upgrade) return false
  if (version === null) return !(state === 'present' && facts.provided.has(wanted))
  if (state === 'latest') {
    const newest = candidate(facts, wanted)
    return newest !== undefined && newest !== version
  }
  if (least !== undefined) return compareVersions(version, least) < 0
  return requested !== undefined && !matches(requested, version)
}

const matches = (requested: string, version: string): boolean =>
  new RegExp(
    `^${requested
      .split('*')
      .map((part) => part.replace(/[.+]/g, '\\$&'))
      .join('.*')}$`,
  ).test(version)
