/**
 * Resource keys that a task reads or modifies: paths and `kind:name`, as in `ModuleDefinition.reads`. Undefined: any
 * resource.
 */
export type ResourceKeys = readonly string[] | undefined

/** Whether changes to one set of resources may affect a task that reads the other. */
export function affects(sets: ResourceKeys, reads: ResourceKeys): boolean {
  if (sets?.length === 0 || reads?.length === 0) return false
  if (sets === undefined || reads === undefined) return true
  return sets.some((set) => reads.some((read) => touches(set, read)))
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

interface Effect {
  readonly task: string
  readonly sets: ResourceKeys
  readonly predictable: boolean
}

/**
 * Check mode: the effects that earlier tasks would have had on each host. A task that depends on one of them is
 * unknown.
 */
export class PredictedEffects {
  readonly #hosts = new Map<string, Effect[]>()
  #latest: Effect | undefined

  /**
   * Records that a task would change a host.
   * @param predictable - whether check mode knows what it would do.
   */
  add(host: string, task: string, sets: ResourceKeys, predictable: boolean): void {
    if (sets?.length === 0) return
    const effect: Effect = { task, sets, predictable }
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
    const matching = (this.#hosts.get(host) ?? []).filter(({ sets }) => affects(sets, reads))
    return (matching.findLast(({ predictable }) => predictable) ?? matching.at(-1))?.task
  }

  /** The last task that would change anything, on any host. */
  latestTask(): string | undefined {
    return this.#latest?.task
  }
}
