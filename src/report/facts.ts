import type { Exhibit, Finding, Notice, RunEnd, RunEvent, RunStart, TaskResult } from '../run/events.ts'
import { detailOf, type TaskDetail } from './task.ts'

/** More than this would make a page that no browser opens gladly. Failed tasks have room of their own. */
const MOST = { failed: 300, other: 700, quiet: 5000 } as const

/** A task that was ok or skipped: one line. */
export interface QuietTask {
  readonly name: string
  readonly status: TaskResult['status']
  readonly durationMs: number
  readonly message?: string
}

export interface HostTasks {
  readonly host: string
  readonly counts: Partial<Record<TaskResult['status'], number>>
  readonly failed: boolean
  readonly details: TaskDetail[]
  readonly quiet: QuietTask[]
}

export interface PlayTasks {
  readonly name: string
  readonly hosts: Map<string, HostTasks>
}

/** What the report shows of a journal beside its summary. */
export interface Facts {
  start?: RunStart
  end?: RunEnd
  lastTime: string
  readonly exhibits: Map<string, Exhibit>
  readonly findings: Finding[]
  readonly notices: Notice[]
  readonly plays: Map<string, PlayTasks>
  readonly failures: TaskDetail[]
  /** How many results are in the journal, and how many of them are only counted. */
  results: number
  onlyCounted: number
}

/** Reads a journal in one pass; keeps details of failed and changed tasks, up to a limit, and counts the rest. */
export function gather(events: Iterable<RunEvent>): Facts {
  const facts: Facts = {
    lastTime: '', exhibits: new Map(), findings: [], notices: [], plays: new Map(), failures: [], results: 0, onlyCounted: 0,
  }
  const kept = { failed: 0, other: 0, quiet: 0 }
  for (const event of events) {
    facts.lastTime = event.time
    switch (event.type) {
      case 'run_start':
        facts.start = event
        break
      case 'run_end':
        facts.end = event
        break
      case 'exhibit':
        facts.exhibits.set(event.id, event)
        break
      case 'finding':
        facts.findings.push(event)
        break
      case 'notice':
        facts.notices.push(event)
        break
      case 'result':
        addResult(facts, event, kept)
        break
      case 'play_start':
      case 'play_end':
      case 'task_start':
        break
    }
  }
  return facts
}

function addResult(facts: Facts, result: TaskResult, kept: Record<keyof typeof MOST, number>): void {
  facts.results += 1
  const play = getOrPut(facts.plays, result.play, () => ({ name: result.play, hosts: new Map() }))
  const host = getOrPut(play.hosts, result.host, () => ({ host: result.host, counts: {}, failed: false, details: [], quiet: [] }))
  host.counts[result.status] = (host.counts[result.status] ?? 0) + 1

  const quiet = result.status === 'ok' || result.status === 'skipped'
  const bad = (result.status === 'failed' || result.status === 'unreachable') && !result.ignored
  const kind = quiet ? 'quiet' : bad ? 'failed' : 'other'
  if (bad) Object.assign(host, { failed: true })
  if (kept[kind] >= MOST[kind]) {
    facts.onlyCounted += 1
    return
  }
  kept[kind] += 1
  if (quiet) {
    const { task, status, durationMs, message } = result
    host.quiet.push({ name: task, status, durationMs, ...(message === undefined ? {} : { message }) })
    return
  }
  const detail = detailOf(result, facts.results)
  host.details.push(detail)
  if (bad) facts.failures.push(detail)
}

function getOrPut<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
