import type { EarlierState, PredictedState } from '../modules/module.ts'

/**
 * Resource keys that a task reads or modifies: paths and `kind:name`, as in `ModuleDefinition.reads`. Undefined: any
 * resource.
 */
export type ResourceKeys = readonly string[] | undefined

/** Whether changes to one set of resources may affect a task that reads the other. */
export function affects(sets: ResourceKeys, reads: ResourceKeys): boolean {
  if (sets?.length === 0 || reads?.length === 0) return false
  if (sets === undefined || reads === undefined) return true
  return reads.some((read) => sets.some((set) => touches(set, read)))
}

/** A modified path includes everything below it: creating or removing a directory affects its files. */
function touches(set: string, read: string): boolean {
  if (!set.startsWith('/') || !read.startsWith('/')) return set === read
  return isWithin(read, set) || (read.endsWith('/') && isWithin(set, read))
}

const isWithin = (path: string, directory: string): boolean => slash(path).startsWith(slash(directory))
const slash = (path: string): string => (path.endsWith('/') ? path : `${path}/`)

/** The union of resource keys; undefined (any resource) if one of them is. */
export function mergeKeys(all: readonly ResourceKeys[]): ResourceKeys {
  return all.includes(undefined) ? undefined : [...new Set(all.flatMap((words) => words ?? []))]
}

/** Resources of a Swarm, which every host may set for the others. */
const isShared = (key: string): boolean => /^docker-(?:node(?!:any$)|service|stack|stack-part|secret|config):/.test(key)

interface Effect {
  /** Order of effects and states. */
  readonly at: number
  readonly host: string
  readonly task: string
  readonly sets: ResourceKeys
  readonly predictable: boolean
}

interface State {
  readonly at: number
  readonly user: string | undefined
  readonly value: unknown
}

/**
 * Check mode: the effects that earlier tasks would have had on each host. A task that depends on one of them is
 * unknown.
 */
export class PredictedEffects {
  readonly #hosts = new Map<string, Effect[]>()
  /** Those that set {@link isShared shared} resources, with these only. */
  readonly #shared: Effect[] = []
  /** What tasks leave, by host and resource key. */
  readonly #states = new Map<string, Map<string, State>>()
  #count = 0
  #latest: Effect | undefined

  /**
   * Records that a task would change a host.
   * @param predictable - whether check mode knows what it would do.
   */
  add(host: string, task: string, sets: ResourceKeys, predictable: boolean): void {
    if (sets?.length === 0) return
    const effect: Effect = { at: ++this.#count, host, task, sets, predictable }
    const shared = sets?.filter(isShared) ?? []
    if (shared.length > 0) this.#shared.push({ ...effect, sets: shared })
    const earlier = this.#hosts.get(host)
    if (earlier === undefined) this.#hosts.set(host, [effect])
    else earlier.push(effect)
    if (predictable || this.#latest === undefined) this.#latest = effect
  }

  /**
   * The task that must run before one with these `reads` is known: the last one that modifies them. Predictable tasks
   * take precedence, as an unknown one itself waits for an earlier task.
   */
  prerequisite(host: string, reads: ResourceKeys): string | undefined {
    const matching = this.#matching(host, reads)
    return (matching.findLast(({ predictable }) => predictable) ?? matching.at(-1))?.task
  }

  /**
   * Records what a task leaves on a host, after its effects.
   * @param user - as which user it runs.
   */
  leave(host: string, user: string | undefined, leaves: PredictedState): void {
    const states = this.#states.get(host) ?? new Map<string, State>()
    this.#states.set(host, states)
    for (const [key, value] of Object.entries(leaves)) states.set(key, { at: ++this.#count, user, value })
  }

  /**
   * What a task will find of the resources that it reads, as far as earlier tasks left them in a known state. Undefined
   * if one that they set is not among them, or was set as another user.
   */
  stateOf(host: string, user: string | undefined, reads: ResourceKeys): EarlierState | undefined {
    if (reads === undefined) return undefined
    const own = this.#states.get(host)
    const states = reads.map((key) => [key, own?.get(key)] as const)
    const known = Object.fromEntries(
      states.flatMap(([key, state]) => (state !== undefined && state.user === user ? [[key, state.value]] : [])),
    )
    const changed: Record<string, unknown> = {}
    for (const effect of this.#matching(host, reads)) {
      const { sets } = effect
      if (sets === undefined) return undefined
      for (const read of reads.filter((key) => sets.some((set) => touches(set, key)))) {
        const state = this.#states.get(effect.host)?.get(read)
        if (state === undefined || state.at < effect.at || (state.user !== user && effect.host === host))
          return undefined
        changed[read] = state.value
      }
    }
    return { changed, known: { ...known, ...changed } }
  }

  /** The effects on resources that a task reads. */
  #matching(host: string, reads: ResourceKeys): readonly Effect[] {
    const ofOthers = this.#shared.filter((effect) => effect.host !== host)
    return [...ofOthers, ...(this.#hosts.get(host) ?? [])].filter(({ sets }) => affects(sets, reads))
  }

  /** The last task that would change anything, on any host. */
  latestTask(): string | undefined {
    return this.#latest?.task
  }
}
