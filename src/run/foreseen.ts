/**
 * What a task reads or sets: paths and `kind:name` words, as `ModuleDefinition.reads` has them. Undefined: anything.
 */
export type Words = readonly string[] | undefined

/** Do changes that set these words change what is seen by one who reads those? */
export function affects(sets: Words, reads: Words): boolean {
  if (sets?.length === 0 || reads?.length === 0) return false
  if (sets === undefined || reads === undefined) return true
  return sets.some((set) => reads.some((read) => touches(set, read)))
}

/** A path that is set stands for all below it, too: a folder that is made or removed takes its files along. */
function touches(set: string, read: string): boolean {
  if (!set.startsWith('/') || !read.startsWith('/')) return set === read
  return isWithin(read, set) || (read.endsWith('/') && isWithin(set, read))
}

const isWithin = (path: string, folder: string): boolean => slash(path).startsWith(slash(folder))
const slash = (path: string): string => (path.endsWith('/') ? path : `${path}/`)

/** All words of several; anything, if one of them is that. */
export function together(all: readonly Words[]): Words {
  return all.includes(undefined) ? undefined : [...new Set(all.flatMap((words) => words ?? []))]
}

interface Would {
  readonly task: string
  readonly sets: Words
  readonly told: boolean
}

/**
 * Check mode: what the tasks so far would have done to each host. A task that reads what one of them sets would see
 * another host than the one that is there now, so what it would do cannot be told.
 */
export class Foreseen {
  readonly #hosts = new Map<string, Would[]>()
  #latest: Would | undefined

  /**
   * Takes down that a task would change a host.
   * @param told - whether check mode can tell what it would do.
   */
  add(host: string, task: string, sets: Words, told: boolean): void {
    if (sets?.length === 0) return
    const would = { task, sets, told }
    const earlier = this.#hosts.get(host)
    if (earlier === undefined) this.#hosts.set(host, [would])
    else earlier.push(would)
    if (told || this.#latest === undefined) this.#latest = would
  }

  /**
   * The task that must have run before one that reads these words can be told: the last that sets one of them. A task
   * that cannot be told itself is named only where no other is: the one it waits for is the reason.
   */
  reason(host: string, reads: Words): string | undefined {
    const those = (this.#hosts.get(host) ?? []).filter(({ sets }) => affects(sets, reads))
    return (those.findLast(({ told }) => told) ?? those.at(-1))?.task
  }

  /** The last task that would have changed something, on any host. */
  latest(): string | undefined {
    return this.#latest?.task
  }
}
