/** What `docker_prune` removes. */
export type PruneKind = 'containers' | 'images' | 'networks' | 'volumes' | 'builder_cache'

/** A filter that the engine does not have, or not with this value. */
export class UnknownFilter extends Error {
  override readonly name = 'UnknownFilter'
}

/** Responses to: containers, images, networks, volumes, disk usage, info; and `ID COUNT` of each network. */
export interface Answers {
  readonly bodies: readonly unknown[]
  readonly attached: readonly string[]
}

type Labels = Readonly<Record<string, string>> | null | undefined
type Filters = Readonly<Record<string, readonly string[]>>

interface Container {
  readonly Id: string
  readonly Names?: readonly string[] | null
  readonly ImageID: string
  readonly State: string
  readonly Created: number
  readonly Labels?: Labels
  readonly Mounts?: readonly { readonly Type?: string; readonly Name?: string }[] | null
}

interface Settings {
  /** The filters of containers that the same task removes. */
  readonly prunesContainers: Filters | undefined
  readonly allCache: boolean
}

const ALLOWED: Readonly<Record<PruneKind, readonly string[]>> = {
  containers: ['label', 'label!', 'until'],
  images: ['dangling', 'label', 'label!', 'until'],
  networks: ['label', 'label!', 'until'],
  volumes: ['all', 'label', 'label!'],
  builder_cache: [],
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 }

/** Seconds since 1970 of `24h`, `2026-01-31`, `2026-01-31T10:00:00Z` or a number. */
function untilSeconds(text: string, now: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text)
  if (/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text))
    return (
      now -
      [...text.matchAll(/([\d.]+)(ms|h|m|s)/g)].reduce(
        (sum, [, n, unit = 's']) => sum + Number(n) * (UNITS[unit] ?? 1),
        0,
      )
    )
  if (/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text)) return Date.parse(text) / 1000
  throw new UnknownFilter(
    `until: "${text}" is not supported: write a duration such as 24h, or a time such as 2026-01-31`,
  )
}

/**
 * Whether labels and age match the filters. All labels must match. The engine spares what has all labels of `label!`,
 * not what has one of them (`matchLabels` in moby's daemon/prune.go).
 */
function matches(given: Filters, labels: Labels, created: number, now: number): boolean {
  const has = (wanted: string): boolean => {
    const [key = '', ...rest] = wanted.split('=')
    const value = labels?.[key]
    return value !== undefined && (rest.length === 0 || value === rest.join('='))
  }
  const spared = given['label!'] ?? []
  return (
    (given['label'] ?? []).every(has) &&
    !(spared.length > 0 && spared.every(has)) &&
    (given['until'] ?? []).every((text) => created < untilSeconds(text, now))
  )
}

const flag = (given: Filters, name: string, otherwise: boolean): boolean => {
  const [text] = given[name] ?? []
  if (text === undefined) return otherwise
  if (/^(1|t|true)$/i.test(text)) return true
  if (/^(0|f|false)$/i.test(text)) return false
  throw new UnknownFilter(`${name}: "${text}" must be true or false`)
}

/** Names or IDs of what the engine would remove. @throws {UnknownFilter} */
export function pruneCandidates(kind: PruneKind, given: Filters, answers: Answers, settings: Settings): string[] {
  const wrong = Object.keys(given).find((name) => !ALLOWED[kind].includes(name))
  if (wrong !== undefined)
    throw new UnknownFilter(`${kind}_filters: Docker has no filter "${wrong}": ${ALLOWED[kind].join(', ')}`)
  const [containers, images, networks, volumes, usage] = answers.bodies
  const { SystemTime = '', Swarm } = infoOf(answers)
  const now = Date.parse(SystemTime) / 1000
  const all = containers as readonly Container[]
  const isPruned = (container: Container, by: Filters): boolean =>
    ['created', 'exited', 'dead'].includes(container.State) && matches(by, container.Labels, container.Created, now)
  const { prunesContainers } = settings
  const left = prunesContainers === undefined ? all : all.filter((each) => !isPruned(each, prunesContainers))
  switch (kind) {
    case 'containers':
      return all.filter((each) => isPruned(each, given)).map(({ Names, Id }) => Names?.[0]?.replace(/^\//, '') ?? Id)
    case 'images': {
      const used = new Set(left.map(({ ImageID }) => ImageID))
      const isDangling = flag(given, 'dangling', true)
      return (images as readonly Image[])
        .filter(({ Id, RepoTags }) => !used.has(Id) && (!isDangling || names(RepoTags).length === 0))
        .filter((image) => matches(given, image.Labels, image.Created, now))
        .map(({ Id, RepoTags }) => names(RepoTags)[0] ?? Id)
    }
    case 'networks': {
      const used = new Set(
        answers.attached
          .map((line) => line.trim().split(' '))
          .filter(([, count]) => count !== '0')
          .map(([id]) => id),
      )
      return (
        (networks as readonly Network[])
          .filter(({ Id, Name }) => !used.has(Id) && !PREDEFINED.has(Name))
          .filter(({ Ingress, ConfigOnly }) => Ingress !== true && ConfigOnly !== true)
          // Only a manager removes those of the Swarm.
          .filter(({ Scope }) => Scope !== 'swarm' || Swarm?.ControlAvailable === true)
          .filter((network) => matches(given, network.Labels, Date.parse(network.Created) / 1000, now))
          .map(({ Name }) => Name)
      )
    }
    case 'volumes': {
      const used = new Set(left.flatMap(({ Mounts }) => (Mounts ?? []).map(({ Name }) => Name)))
      const isAll = isBefore23(answers) || flag(given, 'all', false)
      return (
        ((volumes as { Volumes: readonly Volume[] | null }).Volumes ?? [])
          .filter(
            ({ Name, Labels, Driver }) =>
              Driver === 'local' && !used.has(Name) && (isAll || Labels?.[ANONYMOUS] !== undefined),
          )
          // The engine keeps volumes with options, such as those of NFS (Prune in moby's volume/service).
          .filter(({ Options }) => Object.keys(Options ?? {}).length === 0)
          .filter(({ Labels }) => matches(given, Labels, 0, now))
          .map(({ Name }) => Name)
      )
    }
    case 'builder_cache':
      return ((usage as { BuildCache?: readonly CacheRecord[] | null }).BuildCache ?? [])
        .filter(({ InUse, Shared, Type }) => !InUse && (settings.allCache || (!Shared && !INTERNAL.has(Type))))
        .map(({ ID }) => ID)
  }
}

interface Info {
  readonly SystemTime?: string
  readonly ServerVersion?: string
  readonly Swarm?: { readonly ControlAvailable?: boolean }
}

const infoOf = ({ bodies }: Answers): Info => bodies[5] as Info

/** Engines before 23 remove all volumes, also those with a name, and do not have the filter `all`. */
const isBefore23 = (answers: Answers): boolean => Number.parseInt(infoOf(answers).ServerVersion ?? '', 10) < 23

/** The filters as this engine has them. */
export function engineFilters(kind: PruneKind, given: Filters, answers: Answers): Filters {
  if (kind !== 'volumes' || !isBefore23(answers)) return given
  return Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'all'))
}

interface Image {
  readonly Id: string
  readonly RepoTags?: readonly string[] | null
  readonly Created: number
  readonly Labels?: Labels
}
interface Network {
  readonly Scope?: string
  readonly Id: string
  readonly Name: string
  readonly Created: string
  readonly Ingress?: boolean
  readonly ConfigOnly?: boolean
  readonly Labels?: Labels
}
interface Volume {
  readonly Name: string
  readonly Driver: string
  readonly Labels?: Labels
  readonly Options?: Readonly<Record<string, string>> | null
}
interface CacheRecord {
  readonly ID: string
  readonly Type: string
  readonly InUse: boolean
  readonly Shared: boolean
}

const PREDEFINED = new Set(['bridge', 'host', 'none'])
const INTERNAL = new Set(['internal', 'frontend'])
const ANONYMOUS = 'com.docker.volume.anonymous'

const names = (tags: readonly string[] | null | undefined): string[] =>
  (tags ?? []).filter((tag) => tag !== '<none>:<none>')
