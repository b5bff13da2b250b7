import { messageText } from '../events/message.ts'
import type { TimelineBar, TimelineChart } from '../events/chart.ts'

/** A bar, or a part of one that the cluster only assumes: the node is lost, but not yet Down. */
export type DrawnBar = Omit<TimelineBar, 'state'> & { readonly state: TimelineBar['state'] | 'assumed' }

/**
 * Splits bars of lost nodes. Events named after a lane tell when: the last one before `LANE Down` is the loss. Before
 * it the task ran; until Down, the cluster assumes that it runs; after that it has failed.
 */
export function splitLostBars({ bars, events }: Pick<TimelineChart, 'bars' | 'events'>): DrawnBar[] {
  const named = events.map(({ at, label }) => ({ at, label: messageText(label) }))
  return bars.flatMap((bar): DrawnBar[] => {
    const down = named.find(({ label }) => label === `${bar.lane} Down`)?.at
    const lost = named.findLast(({ at, label }) => down !== undefined && at < down && label.includes(bar.lane))?.at
    if (down === undefined || lost === undefined || bar.from >= lost || bar.to <= lost) return [bar]
    return [
      { ...bar, to: lost, state: bar.state === 'failed' ? 'running' : bar.state },
      { ...bar, from: lost, to: Math.min(down, bar.to), state: 'assumed' },
      ...(bar.to > down ? [{ ...bar, from: down }] : []),
    ]
  })
}

/** Width of an event's number, in seconds of the axis times pixels per second. */
const NUMBER_WIDTH = 18

/** The row of each event's number: numbers that would overlap are in different rows. */
export function numberRows(events: TimelineChart<string>['events'], pixelsPerSecond: number): number[] {
  const ends: number[] = []
  return events.map(({ at }) => {
    const x = at * pixelsPerSecond
    const free = ends.findIndex((end) => end <= x)
    const row = free === -1 ? ends.length : free
    ends[row] = x + NUMBER_WIDTH
    return row
  })
}
