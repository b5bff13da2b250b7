import type { BlockSection } from '../modules/task.ts'

type Place = readonly BlockSection[]

/**
 * The order in which a host runs tasks in blocks, as positions in the flat list. It only moves forward, because a list
 * has the tasks of a block, then those of its `rescue`, then those of its `always`.
 */
export class BlockFlow {
  readonly #places: readonly Place[]
  /** The first position of a block's `rescue` and `always`; missing if it has no tasks. */
  readonly #starts = { rescue: new Map<object, number>(), always: new Map<object, number>() }
  /** Blocks that failed and run `always`; then the failure continues outside. */
  readonly #failing = new Set<object>()
  #hasFailed = false

  /** @param places - the blocks of each task, as in {@link Task.blocks}. */
  constructor(places: readonly Place[]) {
    this.#places = places
    places.forEach((place, position) => {
      for (const { block, section } of place)
        if (section !== 'block' && !this.#starts[section].has(block)) this.#starts[section].set(block, position)
    })
  }

  /** The number of tasks, and the position at the end. */
  get end(): number {
    return this.#places.length
  }

  /** The end was reached because of a failure that no block rescued. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  get first(): number {
    return this.#enter([], 0)
  }

  /** The position after a task that did not fail. */
  next(position: number): number {
    return this.#enter(this.#placeOf(position), position + 1)
  }

  /** The positions after this one if no further task fails. */
  *following(position: number): Generator<number> {
    for (let at = position; ; ) {
      const place = this.#placeOf(at)
      const target = this.#target(place, at + 1)
      const leavesFailing = this.#leaves(place, target).some(({ block }) => this.#failing.has(block))
      if (target >= this.end || leavesFailing) return
      yield target
      at = target
    }
  }

  /** The position after a task that failed; before the first task: -1. */
  afterFailure(position: number): number {
    return this.#fail(this.#placeOf(position))
  }

  /** Whether a failure of the task is rescued, in the words of Ansible's recap. */
  isRescued(position: number): boolean {
    return this.#placeOf(position).some(({ block, section }) => section === 'block' && this.#starts.rescue.has(block))
  }

  /** The positions of the `rescue` that may run if the task fails. */
  rescuesOf(position: number): number[] {
    const blocks = this.#placeOf(position).flatMap(({ block, section }) => (section === 'block' ? [block] : []))
    return this.#places.flatMap((place, at) =>
      place.some(({ block, section }) => section === 'rescue' && blocks.includes(block)) ? [at] : [],
    )
  }

  #placeOf(position: number): Place {
    return this.#places[position] ?? []
  }

  /** The first position from `position` on that is in no `rescue` but those of `place`. */
  #target(place: Place, position: number): number {
    let at = position
    while (at < this.end && !this.#placeOf(at).every((each) => each.section !== 'rescue' || isIn(place, each))) at++
    return at
  }

  /** The blocks of `place` that a position is not in, the innermost first. */
  #leaves(place: Place, position: number): BlockSection[] {
    const target = this.#placeOf(position)
    return place.filter(({ block }) => target.every((each) => each.block !== block)).reverse()
  }

  #enter(place: Place, position: number): number {
    const target = this.#target(place, position)
    for (const { block } of this.#leaves(place, target)) {
      if (!this.#failing.delete(block)) continue
      return this.#fail(
        place.slice(
          0,
          place.findIndex((each) => each.block === block),
        ),
      )
    }
    return target
  }

  #fail(place: Place): number {
    for (let depth = place.length - 1; depth >= 0; depth--) {
      const { block, section } = place[depth] as BlockSection
      this.#failing.delete(block)
      const outside = place.slice(0, depth)
      const rescue = section === 'block' ? this.#starts.rescue.get(block) : undefined
      if (rescue !== undefined) return this.#enter([...outside, { block, section: 'rescue' }], rescue)
      const always = section === 'always' ? undefined : this.#starts.always.get(block)
      if (always === undefined) continue
      this.#failing.add(block)
      return this.#enter([...outside, { block, section: 'always' }], always)
    }
    this.#hasFailed = true
    return this.end
  }
}

const isIn = (place: Place, { block, section }: BlockSection): boolean =>
  place.some((each) => each.block === block && each.section === section)
