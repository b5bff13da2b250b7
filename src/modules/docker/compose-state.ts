import type { ComposeParams } from './compose-scripts.ts'

interface Service {
  readonly image?: string
  readonly scale?: number
  readonly deploy?: { readonly replicas?: number }
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly build?: unknown
  readonly pull_policy?: string
}

/** A container of the Engine API. */
interface Container {
  readonly Id: string
  readonly Names?: readonly string[]
  readonly Image: string
  readonly State: string
  readonly Status: string
  readonly Labels: Readonly<Record<string, string>>
}

/** What Compose wants and what the engine has. */
export interface ComposeState {
  readonly version: string
  readonly name: string
  readonly services: ReadonlyMap<string, Service>
  /** Names of services, also of profiles that are not active, if it matters. Their containers are no orphans. */
  readonly declared: ReadonlySet<string>
  /** The hash of each service's configuration, which Compose puts on its containers. */
  readonly hashes: ReadonlyMap<string, string>
  readonly containers: readonly Container[]
  readonly networks: readonly string[]
  readonly volumes: readonly string[]
  /** IDs of images by name. */
  readonly images: ReadonlyMap<string, string>
}

const LABEL = 'com.docker.compose.'
const label = ({ Labels }: Container, name: string): string => Labels[`${LABEL}${name}`] ?? ''

/** @throws {SyntaxError} an answer is no JSON. */
export function parseComposeState(stdout: string): ComposeState {
  const line = (word: string): string => new RegExp(`^${word} (.*)$`, 'm').exec(stdout)?.[1] ?? 'null'
  const json = (word: string): unknown => JSON.parse(line(word))
  const config = json('config') as { name?: string; services?: Record<string, Service> } | null
  const containers = (json('containers') ?? []) as Container[]
  const networks = (json('networks') ?? []) as { Name: string }[]
  const volumes = json('volumes') as { Volumes: { Name: string }[] | null } | null
  const images = (json('images') ?? []) as { Id: string; RepoTags?: string[] | null }[]
  return {
    version: line('version'),
    name: config?.name ?? '',
    services: new Map(Object.entries(config?.services ?? {})),
    declared: new Set([
      ...Object.keys(config?.services ?? {}),
      ...[...stdout.matchAll(/^declared (\S+)$/gm)].map(([, service = '']) => service),
    ]),
    hashes: new Map([...stdout.matchAll(/^hash (\S+) (\S+)$/gm)].map(([, service = '', hash = '']) => [service, hash])),
    containers: containers.filter((each) => label(each, 'oneoff') !== 'True'),
    networks: networks.map(({ Name }) => Name),
    volumes: (volumes?.Volumes ?? []).map(({ Name }) => Name),
    images: new Map(images.flatMap(({ Id, RepoTags }) => (RepoTags ?? []).map((tag) => [tag, Id] as const))),
  }
}

/** Services of the project that the parameters name, with their dependencies; all, if they name none. */
function chosenServices({ services, dependencies }: ComposeParams, state: ComposeState): string[] {
  if (services.length === 0) return [...state.services.keys()]
  const chosen = new Set<string>()
  const add = (name: string): void => {
    if (chosen.has(name)) return
    chosen.add(name)
    if (dependencies) Object.keys(state.services.get(name)?.depends_on ?? {}).forEach(add)
  }
  services.forEach(add)
  return [...chosen]
}

/** The name as the engine lists it. */
const withTag = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`)

const isRunning = ({ State }: Container): boolean => ['running', 'restarting'].includes(State)

/** What `docker compose up --wait` waits for; undefined: nothing. */
function unready({ State, Status }: Container): string | undefined {
  if (State === 'restarting') return State
  return /\((health: starting|unhealthy)\)/.exec(Status)?.[1]
}

/** What Compose does on each run, as the Compose file says so for one of the services. */
export function policyActions(params: ComposeParams, state: ComposeState): ('pull images' | 'build images')[] {
  const policies = chosenServices(params, state).map((name) => state.services.get(name)?.pull_policy)
  return [
    ...(params.pull === 'policy' && policies.includes('always') ? (['pull images'] as const) : []),
    ...(params.pull === 'policy' && params.build === 'policy' && policies.includes('build')
      ? (['build images'] as const)
      : []),
  ]
}

/** A line for each thing that `docker compose up` would do. */
export function differences(params: ComposeParams, state: ComposeState): string[] {
  const { recreate, scale, remove_orphans, wait } = params
  const needed = params.state === 'stopped' ? 'stopped' : 'running'
  const lines = chosenServices(params, state).flatMap((name) => {
    const service = state.services.get(name)
    const of = state.containers.filter((each) => label(each, 'service') === name)
    const wanted = scale[name] ?? service?.scale ?? service?.deploy?.replicas ?? 1
    const image = state.images.get(withTag(service?.image ?? `${state.name}-${name}`))
    return [
      ...(of.length === wanted ? [] : [`${name}: ${of.length} of ${wanted} containers exist`]),
      ...of.flatMap((each) => {
        const which = each.Names?.[0]?.replace(/^\//, '') ?? each.Id.slice(0, 12)
        if (recreate !== 'never' && label(each, 'config-hash') !== state.hashes.get(name))
          return [`${which}: configuration differs`]
        if (recreate !== 'never' && image !== undefined && label(each, 'image') !== image)
          return [`${which}: image ${service?.image ?? name} is another`]
        if (needed === 'running' && !isRunning(each)) return [`${which}: ${each.State}`]
        const awaited = needed === 'running' && wait ? unready(each) : undefined
        if (awaited !== undefined) return [`${which}: ${awaited}`]
        return needed === 'stopped' && isRunning(each) ? [`${which}: ${each.State}`] : []
      }),
    ]
  })
  const orphans = state.containers.filter((each) => !state.declared.has(label(each, 'service')))
  return [...lines, ...(remove_orphans ? orphans.map((each) => `${each.Names?.[0]?.slice(1) ?? each.Id}: orphan`) : [])]
}

/** What `docker compose down` would remove. */
export function leftovers(params: ComposeParams, state: ComposeState): string[] {
  const { services, remove_volumes, remove_orphans } = params
  const isOf = (each: Container): boolean => {
    const service = label(each, 'service')
    if (services.length > 0) return services.includes(service)
    return state.services.has(service) || (remove_orphans && !state.declared.has(service))
  }
  const containers = state.containers.filter(isOf).map((each) => `container ${each.Names?.[0]?.slice(1) ?? each.Id}`)
  if (services.length > 0) return containers
  // A container that stays keeps the network in use.
  const isUsed = state.containers.some((each) => !isOf(each))
  return [
    ...containers,
    ...(isUsed && containers.length === 0 ? [] : state.networks.map((name) => `network ${name}`)),
    ...(remove_volumes ? state.volumes.map((name) => `volume ${name}`) : []),
    ...imagesOf(params, state).map((name) => `image ${name}`),
  ]
}

/** The images that `docker compose down` would remove: `local` are those that Compose has named. */
function imagesOf({ remove_images }: ComposeParams, state: ComposeState): string[] {
  if (remove_images === undefined) return []
  const names = [...state.services].flatMap(([name, { image }]) =>
    image === undefined ? [`${state.name}-${name}:latest`] : remove_images === 'all' ? [withTag(image)] : [],
  )
  return [...new Set(names)].filter((name) => state.images.has(name))
}

/** The containers as values. */
export const containerValues = (state: ComposeState) =>
  state.containers.map((each) => ({
    ID: each.Id.slice(0, 12),
    Name: each.Names?.[0]?.replace(/^\//, '') ?? '',
    Service: label(each, 'service'),
    Image: each.Image,
    State: each.State,
    Status: each.Status,
  }))
