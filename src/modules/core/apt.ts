import { z } from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change, Diff } from '../module.ts'
import { defineModule } from '../task.ts'

const PACKAGE = /^[a-z0-9][a-z0-9+.-]*(:[a-z0-9-]+)?(=[A-Za-z0-9.+:~*-]+)?$/
const packageName = z.string().regex(PACKAGE, 'must be a package name such as curl, libc6:amd64 or docker.io=20.10*')

const schema = z
  .strictObject({
    /** `curl`, `curl=7.88*`, `libc6:amd64`. */
    name: z.union([packageName, z.array(packageName)]).optional(),
    state: z.enum(['present', 'absent', 'latest']).default('present'),
    /**
     * Run `apt-get update` before an install. Unlike in Ansible, nothing is fetched if there is nothing to install: a
     * second run changes nothing and needs no network.
     */
    update_cache: z.boolean().default(false),
    /**
     * Seconds for which the apt cache counts as fresh. Without it, the cache is updated before each install and,
     * without a name, once an hour.
     */
    cache_valid_time: z.int().min(0).optional(),
    install_recommends: z.boolean().optional(),
    default_release: z.string().optional(),
    allow_downgrade: z.boolean().default(false),
    /** With `absent`: remove configuration files too. */
    purge: z.boolean().default(false),
    /** With `absent`: remove dependencies that are no longer required. */
    autoremove: z.boolean().default(false),
    /** Seconds to wait for the dpkg lock. */
    lock_timeout: z.int().min(0).default(300),
  })
  .refine((params) => params.update_cache || list(params.name).length > 0, 'set name or update_cache: true')
  .refine(
    (params) => params.state !== 'latest' || !list(params.name).some((name) => name.includes('=')),
    'state: latest cannot be combined with a version',
  )

type Params = z.output<typeof schema>

export interface AptValues {
  /** Installed version by name; null if not installed. */
  readonly packages: Readonly<Record<string, string | null>>
}

/** Installs, upgrades and removes Debian packages. */
export const apt = defineModule<typeof schema, AptValues>({
  name: 'apt',
  schema,
  reads(params) {
    const names = list(params.name)
    const refreshes = params.update_cache && (names.length === 0 || params.state === 'latest')
    return [
      '/var/lib/dpkg/',
      ...names.map((name) => `package:${bare(name)}`),
      ...(refreshes || params.state === 'latest' ? ['/etc/apt/', LISTS] : []),
    ]
  },
  // Maintainer scripts may change anything.
  sets: (params) => (list(params.name).length === 0 ? setLists : undefined),
  title: (params) => list(params.name).join(', ') || 'package lists',
  timeLimitSeconds: (params) => 1800 + params.lock_timeout,

  probe(params) {
    const names = list(params.name).map(bare)
    return [
      'export LC_ALL=C',
      'command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || exit 127',
      'echo "arch $(dpkg --print-architecture)"',
      'echo "now $(date +%s)"',
      'for lb_f in /var/lib/apt/lists/*_Packages* /var/lib/apt/lists/*_InRelease; do',
      '  [ -e "$lb_f" ] && { echo "lists $(stat -c %Y /var/lib/apt/lists)"; break; }',
      'done',
      '[ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d -newer /var/lib/apt/lists 2>/dev/null)" ] || echo sources-newer',
      // A killed run leaves a dpkg journal, or packages that are unpacked and not configured.
      '[ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || echo interrupted',
      `grep -qE '^Status: [a-z]+ [a-z]+ (half-|unpacked|triggers-)' /var/lib/dpkg/status && echo interrupted`,
      ...(names.length === 0
        ? []
        : [
            sh`lb_found=$(dpkg-query -W -f='pkg\t\${db:Status-Abbrev}\t\${Package}\t\${Architecture}\t\${Version}\n' -- ${names} 2>/dev/null)`,
            `printf '%s\\n' "$lb_found"`,
          ]),
      // Another package may provide the name (mawk provides awk). Queried only for names that are not installed.
      ...(names.length === 0 || params.state !== 'present'
        ? []
        : [
            `if [ "$(printf '%s\\n' "$lb_found" | grep -c '^pkg.[a-z]i')" -lt ${names.length} ]; then`,
            sh`  dpkg-query -W -f='provides\t\${db:Status-Abbrev}\t\${Provides}\n' | grep -F ${names.flatMap((name) => ['-e', name])}`,
            'fi',
          ]),
      // Lists the packages that apt removes in addition.
      ...(names.length === 0 || params.state !== 'absent'
        ? []
        : [
            `lb_there=$(printf '%s\\n' "$lb_found" | sed -n 's/^pkg\t.[^nc][^\t]*\t\\([^\t]*\\).*/\\1/p')`,
            sh`[ -z "$lb_there" ] || apt-get -s -q ${removal(params)} -- $lb_there 2>/dev/null | sed -n 's/^\\(Remv\\|Purg\\) \\([^ ]*\\) \\[\\([^]]*\\).*/goes \\2 \\3/p'`,
          ]),
      ...(names.length === 0 || params.state !== 'latest' ? [] : [sh`apt-cache ${release(params)} policy ${names}`]),
      'exit 0',
    ].join('\n')
  },

  plan(params, observed) {
    if (observed.exitCode === 127) {
      return { changes: [], problem: 'apt-get not found: the apt module supports Debian and its derivatives' }
    }
    const facts = parse(observed.stdout)
    const wanted = list(params.name)
    const packages = Object.fromEntries(wanted.map((name) => [name, installedVersion(facts, name)]))
    const pending = wanted.filter((name) => needsWork(params, facts, name))
    const changes: Change[] = []
    if (params.update_cache && pending.length === 0 && mustRefresh(params, facts)) {
      changes.push({
        description: `update the apt cache (${age(facts)})`,
        script: script(params, false, [REFRESH]),
        sets: setLists,
      })
    }
    if (pending.length > 0) changes.push(packageChange(params, facts, pending))
    else if (params.state === 'latest' && wanted.length > 0 && changes.length > 0) {
      changes.push({
        ...packageChange(params, facts, wanted),
        description: `upgrade ${wanted.join(', ')} if the updated cache has a newer version`,
      })
    }
    return { changes, values: { packages } }
  },
})

function packageChange(params: Params, facts: Facts, pending: readonly string[]): Change {
  const absent = params.state === 'absent'
  const verb = absent
    ? params.purge
      ? 'purge'
      : 'remove'
    : pending.every((name) => installedVersion(facts, name) !== null)
      ? 'upgrade'
      : 'install'
  const action = absent
    ? removal(params)
    : ['install', ...release(params), ...recommends(params), ...(params.allow_downgrade ? ['--allow-downgrades'] : [])]
  const run = sh`lb_apt apt-get -y -q -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold ${action} -- ${absent ? pending.map(bare) : pending}`
  return {
    description: [
      ...(facts.interrupted ? ['repair the interrupted dpkg run, then '] : []),
      verb,
      ' ',
      pending.join(', '),
      ...(absent ? [removalSuffix(facts, pending)] : []),
    ].join(''),
    script: script(params, facts.interrupted, [
      ...(params.update_cache && !absent ? [refreshIfStale(params)] : []),
      `${run} || ${absent ? 'exit' : `{ lb_code=$?; ${hint(params, facts)}exit "$lb_code"; }`}`,
    ]),
    diff: diff(params, facts, pending),
  }
}

const LISTS = '/var/lib/apt/lists/'
const setLists = [LISTS, '/var/cache/apt/']

const removal = (params: Params): string[] => [
  params.purge ? 'purge' : 'remove',
  ...(params.autoremove ? ['--auto-remove'] : []),
]

/** Packages removed in addition: dependents and, with autoremove, unused dependencies. */
const additionalRemovals = ({ alsoRemoved }: Facts, pending: readonly string[]): readonly RemovedPackage[] =>
  alsoRemoved.filter(({ name }) => !pending.some((asked) => bare(asked).split(':')[0] === name.split(':')[0]))

function removalSuffix(facts: Facts, pending: readonly string[]): string {
  const names = additionalRemovals(facts, pending).map(({ name }) => name)
  return names.length === 0 ? '' : ` (also removes ${names.join(', ')})`
}

const REFRESH = [
  'lb_apt apt-get -q -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update || exit',
  // apt leaves the directory untouched if the mirror has nothing new.
  'touch /var/lib/apt/lists || exit',
].join('\n')

/**
 * Freshness is tested at install time, not at plan time: an earlier task may have updated the cache, and check mode
 * must predict what the run does.
 */
const refreshIfStale = ({ cache_valid_time = 0 }: Params): string => `lb_fresh() {
  for lb_f in /var/lib/apt/lists/*_Packages* /var/lib/apt/lists/*_InRelease; do
    [ -e "$lb_f" ] || continue
    [ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d -newer /var/lib/apt/lists 2>/dev/null)" ] || return 1
    [ $(( $(date +%s) - $(stat -c %Y /var/lib/apt/lists) )) -lt ${cache_valid_time} ]
    return
  done
  return 1
}
lb_fresh || { ${REFRESH.replaceAll('\n', '\n  ')}
}`

/** Runs steps in apt's environment; retries while another process holds a lock. */
function script(params: Params, repair: boolean, steps: readonly string[]): string {
  return [
    'export LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a',
    'lb_err=$(mktemp) || exit',
    `trap 'rm -f "$lb_err"' EXIT`,
    // Uptime, because the system clock may be set meanwhile.
    'lb_now() { read -r lb_up lb_idle </proc/uptime; lb_up=${lb_up%%.*}; }',
    'lb_apt() {',
    `  lb_now; lb_until=$((lb_up + ${params.lock_timeout}))`,
    '  while :; do',
    '    "$@" 2>"$lb_err" && { cat "$lb_err" >&2; return 0; } || lb_status=$?',
    `    grep -qE 'Could not get lock|was locked by another process' "$lb_err" && lb_now && [ "$lb_up" -lt "$lb_until" ] || break`,
    '    sleep 2',
    '  done',
    '  cat "$lb_err" >&2',
    '  return "$lb_status"',
    '}',
    // `dpkg --configure` fails if a dependency is not unpacked yet; `--fix-broken` installs it.
    ...(repair ? ['lb_apt dpkg --configure -a || :', 'lb_apt apt-get -y -q --fix-broken install || exit'] : []),
    ...steps,
  ].join('\n')
}

/** A hint for the case that stale package lists are why a package was not found. */
function hint(params: Params, facts: Facts): string {
  const stale = facts.listsAt === null || facts.sourcesNewer || facts.now - facts.listsAt > DAY
  if (params.update_cache || !stale) return ''
  return sh`echo ${`The apt cache of this host is stale (${age(facts)}): set update_cache: true`} >&2; `
}

const DAY = 86_400
const HOUR = 3_600

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

interface Facts {
  readonly alsoRemoved: readonly RemovedPackage[]
  readonly arch: string
  readonly now: number
  /** Unix time of the last update; null: never. */
  readonly listsAt: number | null
  readonly sourcesNewer: boolean
  readonly interrupted: boolean
  readonly packages: readonly Package[]
  readonly provided: ReadonlySet<string>
  readonly candidates: ReadonlyMap<string, string>
}

function parse(stdout: string): Facts {
  const lines = stdout.split('\n')
  const after = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1)
  const candidates = new Map<string, string>()
  const provided = new Set<string>()
  let subject = ''
  for (const line of lines) {
    if (/^\S+:$/.test(line)) subject = line.slice(0, -1)
    const candidate = /^ {2}Candidate: (\S+)/.exec(line)?.[1]
    if (candidate !== undefined) candidates.set(subject, candidate)
    const [kind, status, names] = line.split('\t')
    if (kind === 'provides' && isInstalled(status ?? '')) {
      for (const name of (names ?? '').split(',')) provided.add(name.trim().split(' ')[0] ?? '')
    }
  }
  const listsAt = after('lists')
  return {
    alsoRemoved: lines.flatMap((line) => {
      const [, name, version] = /^goes (\S+) (\S+)$/.exec(line) ?? []
      return name === undefined || version === undefined ? [] : [{ name, version }]
    }),
    arch: after('arch') ?? '',
    now: Number(after('now')),
    listsAt: listsAt === undefined ? null : Number(listsAt),
    sourcesNewer: lines.includes('sources-newer'),
    interrupted: lines.includes('interrupted'),
    packages: lines
      .filter((line) => line.startsWith('pkg\t'))
      .map((line) => {
        const [, status = '', name = '', arch = '', version = ''] = line.split('\t')
        return { status, name, arch, version }
      }),
    provided,
    candidates,
  }
}

/** The second letter of dpkg's abbreviation is the state; pending or awaited triggers count as installed. */
const isInstalled = (status: string): boolean => /^.[itW]/.test(status)

function find(facts: Facts, wanted: string): Package | undefined {
  const [name, arch] = bare(wanted).split(':')
  return facts.packages.find(
    (it) => it.name === name && (arch === undefined ? [facts.arch, 'all'] : [arch]).includes(it.arch),
  )
}

function installedVersion(facts: Facts, wanted: string): string | null {
  const found = find(facts, wanted)
  return found !== undefined && isInstalled(found.status) ? found.version : null
}

function needsWork(params: Params, facts: Facts, wanted: string): boolean {
  const version = installedVersion(facts, wanted)
  if (params.state === 'absent') {
    const status = find(facts, wanted)?.status[1] ?? 'n'
    return status !== 'n' && (params.purge || status !== 'c')
  }
  if (version === null)
    return !(params.state === 'present' && !wanted.includes('=') && facts.provided.has(bare(wanted)))
  if (params.state === 'latest') {
    const candidate = facts.candidates.get(bare(wanted)) ?? facts.candidates.get(bare(wanted).split(':')[0] ?? '')
    return candidate !== undefined && candidate !== version
  }
  const requested = wanted.split('=')[1]
  return requested !== undefined && !matches(requested, version)
}

/** Whether to update the cache although no install is planned. */
function mustRefresh(params: Params, facts: Facts): boolean {
  if (params.state !== 'latest' && list(params.name).length > 0) return false
  if (facts.listsAt === null || facts.sourcesNewer) return true
  return facts.now - facts.listsAt > (params.cache_valid_time ?? HOUR)
}

function age(facts: Facts): string {
  if (facts.listsAt === null) return 'never updated'
  if (facts.sourcesNewer) return 'sources changed since the last update'
  const seconds = Math.max(0, facts.now - facts.listsAt)
  if (seconds < 2 * HOUR) return `${Math.round(seconds / 60)} minutes old`
  return seconds < 2 * DAY ? `${Math.round(seconds / HOUR)} hours old` : `${Math.round(seconds / DAY)} days old`
}

function diff(params: Params, facts: Facts, pending: readonly string[]): Diff {
  const after = (name: string): string => {
    if (params.state === 'absent') return 'not installed'
    return facts.candidates.get(bare(name)) ?? name.split('=')[1] ?? 'installed'
  }
  const lines = (of: (name: string) => string): string => pending.map((name) => `${bare(name)}: ${of(name)}\n`).join('')
  const additional = params.state === 'absent' ? additionalRemovals(facts, pending) : []
  return {
    subject: 'packages',
    before:
      lines((name) => installedVersion(facts, name) ?? 'not installed') +
      additional.map(({ name, version }) => `${name}: ${version}\n`).join(''),
    after: lines(after) + additional.map(({ name }) => `${name}: not installed\n`).join(''),
  }
}

const matches = (requested: string, version: string): boolean =>
  new RegExp(
    `^${requested
      .split('*')
      .map((part) => part.replace(/[.+]/g, '\\$&'))
      .join('.*')}$`,
  ).test(version)

const bare = (name: string): string => name.split('=')[0] as string
const list = (name: string | string[] | undefined): readonly string[] => (name === undefined ? [] : [name].flat())
const release = (params: Params): string[] =>
  params.default_release === undefined ? [] : ['-t', params.default_release]
const recommends = (params: Params): string[] =>
  params.install_recommends === undefined
    ? []
    : [params.install_recommends ? '--install-recommends' : '--no-install-recommends']
