import type { RunEvent } from '../events/events.ts'
import type { Summary } from '../evidence/summary.ts'

/** The events of a run, and its name: that of its directory. */
export interface NamedRun {
  readonly name: string
  readonly events: Iterable<RunEvent>
}

/**
 * Joins the event logs of several runs into one. Ids of exhibits and names of plays that an earlier run has too get the
 * run's number or name, so that findings keep their own evidence.
 */
export function* mergeRuns(runs: readonly NamedRun[]): Generator<RunEvent> {
  if (runs.length === 1) {
    yield* runs[0]?.events ?? []
    return
  }
  const exhibitIds = new Set<string>()
  for (const [i, { name, events }] of runs.entries()) {
    const renamed = new Map<string, string>()
    const idIn = (id: string): string => renamed.get(id) ?? id
    for (const event of events) {
      if (event.type === 'exhibit') {
        if (exhibitIds.has(event.id)) renamed.set(event.id, `${event.id}-run-${i + 1}`)
        const id = idIn(event.id)
        exhibitIds.add(id)
        yield { ...event, id }
      } else if (event.type === 'finding') {
        yield { ...event, evidence: event.evidence.map(idIn) }
      } else if ('play' in event) {
        yield { ...event, play: `${event.play} (${name})` }
      } else {
        yield event
      }
    }
  }
}

const WORST = { passed: 0, interrupted: 1, failed: 2 } as const

/** The summary of several runs: the worst status, hosts with all their results, the newest finding of each id. */
export function mergeSummaries(summaries: readonly Summary[]): Summary {
  const [first] = summaries
  if (first === undefined || summaries.length === 1) return first as Summary
  const worst = summaries.reduce((a, b) => (WORST[b.status] > WORST[a.status] ? b : a))
  const hosts: Record<string, Summary['hosts'][string]> = {}
  for (const summary of summaries)
    for (const [host, recap] of Object.entries(summary.hosts)) {
      const sum = hosts[host]
      hosts[host] =
        sum === undefined
          ? recap
          : {
              ok: sum.ok + recap.ok,
              changed: sum.changed + recap.changed,
              unreachable: sum.unreachable + recap.unreachable,
              failed: sum.failed + recap.failed,
              skipped: sum.skipped + recap.skipped,
              rescued: sum.rescued + recap.rescued,
              ignored: sum.ignored + recap.ignored,
              unknown: sum.unknown + recap.unknown,
            }
    }
  return {
    playbook: [...new Set(summaries.map(({ playbook }) => playbook))].join(', '),
    status: worst.status,
    exitCode: worst.exitCode,
    check: summaries.every(({ check }) => check),
    startedAt: first.startedAt,
    durationMs: summaries.reduce((sum, { durationMs }) => sum + durationMs, 0),
    hosts,
    findings: newest(summaries.flatMap(({ findings }) => findings)),
    plays: summaries.flatMap(({ plays }) => plays),
  }
}

/** The last of each id. */
const newest = <F extends { readonly id: string }>(findings: readonly F[]): F[] => [
  ...new Map(findings.map((finding) => [finding.id, finding])).values(),
]
