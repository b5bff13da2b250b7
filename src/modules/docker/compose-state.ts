import type { ComposeParams } from './compose-scripts.ts'

interface Service {
  readonly image?: string
  readonly scale?: number
  readonly deploy?: { readonly replicas?: number }
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly build?: unknown
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

/** A line for each thing that `docker compose up` would do. */
export function differences(params: ComposeParams, state: ComposeState): string[] {
  const { recreate, scale, remove_orphans } = params
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
        return needed === 'stopped' && isRunning(each) ? [`${which}: ${each.State}`] : []
      }),
    ]
  })
  const orphans = state.containers.filter((each) => !state.services.has(label(each, 'service')))
  return [...lines, ...(remove_orphans ? orphans.map((each) => `${each.Names?.[0]?.slice(1) ?? each.Id}: orphan`) : [])]
}

/** What `docker compose down` would remove. */
export function leftovers(params: ComposeParams, state: ComposeState): string[] {
  const { services, remove_volumes, remove_orphans } = params
  const isOf = (each: Container): boolean => {
    const service = label(each, 'service')
    return services.length > 0 ? services.includes(service) : remove_orphans || state.services.has(service)
  }
  const containers = state.containers.filter(isOf).map((each) => `container ${each.Names?.[0]?.slice(1) ?? each.Id}`)
  if (services.length > 0) return containers
  // An orphan keeps the network in use.
  const isUsed = !remove_orphans && state.containers.some((each) => !state.services.has(label(each, 'service')))
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
