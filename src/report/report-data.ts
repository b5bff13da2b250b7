import type { Exhibit, Finding, LogEvent, RunEnd, RunEvent, RunStart, TaskResult } from '../events/events.ts'
import { CommandFold } from './commands.ts'
import { DataLimit, type RetainedData } from './data-files.ts'
import { MachineFold } from './machines.ts'
import { TopologyFold } from './topology.ts'
import { detailOf, sizeOf, type TaskDetail } from './task-detail.ts'
import { en, type Messages } from './messages/index.ts'

/** Limits that keep the page fast in a browser. That of exhibits is for each run. Failed tasks have a separate one. */
const LIMITS = { failed: 300, other: 700, quiet: 5000, exhibits: 500, notices: 500 } as const
/** Outputs and diffs together, in characters. */
const MAX_CHARACTERS = 32_000_000
/** Data files of all exhibits together, in characters. */
const MAX_DATA_CHARACTERS = 32_000_000
/** Characters of head and tail of an exhibit's output; the page shows a few hundred lines at most. */
const EXHIBIT_HALF = 32_000

/** A task that was ok or skipped, shown as one line. */
export interface QuietTask {
  readonly name: string
  readonly status: TaskResult['status']
  readonly durationMs: number
  readonly message?: string
}

export interface HostTasks {
  readonly host: string
  readonly counts: Partial<Record<TaskResult['status'], number>>
  failed: boolean
  readonly details: TaskDetail[]
  readonly quiet: QuietTask[]
}

interface PlayTasks {
  readonly name: string
  readonly hosts: Map<string, HostTasks>
}

/** An exhibit, truncated to what the report shows. */
export type RetainedExhibit = Omit<Exhibit, 'data'> & RetainedData

/** What the report shows of an event log, besides the summary. */
export interface ReportData {
  start?: RunStart
  end?: RunEnd
  lastTime: string
  readonly exhibits: Map<string, RetainedExhibit>
  readonly findings: Finding[]
  readonly logEvents: LogEvent[]
  readonly plays: Map<string, PlayTasks>
  readonly failures: TaskDetail[]
  /** Results in the event log, and how many of them are only counted. */
  results: number
  onlyCounted: number
  /** Ids of exhibits beyond the limit. */
  readonly omittedExhibits: Set<string>
  /** Log events beyond the limit. */
  moreLogEvents: number
  readonly machines: MachineFold
  readonly topology: TopologyFold
  /** The runs of the report, oldest first; without `end`, the run was killed. */
  readonly runs: { readonly start: RunStart; end?: RunEnd }[]
  /** Names of the runs: of their directories. Without them, the names of the playbooks are shown. */
  runNames: readonly string[]
  /** Findings of older runs, replaced by a newer run's of the same id. */
  replacedFindings: number
  readonly commands: CommandFold
  /** Hypothesis by experiment name. */
  readonly hypotheses: Map<string, string>
}

/**
 * Folds a run's events. Keeps details of failed and changed tasks up to a limit and counts the rest, so memory does not
 * grow with the event log, apart from a few bytes per host and play.
 */
export class ReportDataFold {
  readonly data: ReportData
  readonly #messages: Messages
  readonly #counts = { failed: 0, other: 0, quiet: 0 }
  readonly #data = new DataLimit(MAX_DATA_CHARACTERS)
  #remaining = MAX_CHARACTERS
  #exhibitsOfRun = 0
  /** Number of findings of the runs before the current one. */
  #olderFindings = 0

  /** @param messages - language of the notes about omitted text. */
  constructor(messages: Messages = en) {
    this.#messages = messages
    this.data = {
      lastTime: '',
      exhibits: new Map(),
      findings: [],
      logEvents: [],
      plays: new Map(),
      failures: [],
      results: 0,
      onlyCounted: 0,
      omittedExhibits: new Set(),
      moreLogEvents: 0,
      machines: new MachineFold(),
      topology: new TopologyFold(),
      runs: [],
      runNames: [],
      replacedFindings: 0,
      commands: new CommandFold(messages),
      hypotheses: new Map(),
    }
  }

  add(event: RunEvent): void {
    const { data: facts } = this
    facts.lastTime = event.time
    switch (event.type) {
      case 'run_start':
        facts.start = event
        facts.runs.push({ start: event })
        facts.topology.addStart(event)
        facts.machines.addStart()
        this.#olderFindings = facts.findings.length
        this.#exhibitsOfRun = 0
        break
      case 'run_end':
        facts.end = event
        Object.assign(facts.runs.at(-1) ?? {}, { end: event })
        break
      case 'exhibit':
        this.#addExhibit(event)
        break
      case 'finding':
        this.#addFinding(event)
        break
      case 'notice':
        if (facts.logEvents.length < LIMITS.notices) facts.logEvents.push(event)
        else facts.moreLogEvents += 1
        break
      case 'result':
        this.#addResult(event)
        break
      case 'play_start':
        if (event.hypothesis !== undefined) facts.hypotheses.set(event.play, event.hypothesis)
        break
      case 'play_end':
      case 'task_start':
      case 'waiting':
      case 'output':
      case 'exhibit_start':
        break
    }
  }

  #addFinding(finding: Finding): void {
    const { findings } = this.data
    const older = findings.findIndex(({ id }, i) => i < this.#olderFindings && id === finding.id)
    if (older === -1) {
      findings.push(finding)
      return
    }
    findings.splice(older, 1, finding)
    this.data.replacedFindings += 1
  }

  #addExhibit(exhibit: Exhibit): void {
    const { data: facts } = this
    facts.topology.addExhibit(exhibit)
    facts.machines.addExhibit(exhibit)
    facts.commands.addExhibit(exhibit)
    if (this.#exhibitsOfRun >= LIMITS.exhibits && !facts.exhibits.has(exhibit.id)) {
      facts.omittedExhibits.add(exhibit.id)
      return
    }
    this.#exhibitsOfRun += 1
    const { data, ...shown } = exhibit
    const truncated = (text: string, file = 'events.jsonl'): string =>
      headAndTail(text, this.#messages.phrases.truncated(file))
    facts.exhibits.set(exhibit.id, {
      ...shown,
      ...this.#data.retain(data),
      stdout: truncated(exhibit.stdout, exhibit.long?.stdout?.file),
      stderr: truncated(exhibit.stderr, exhibit.long?.stderr?.file),
    })
  }

  #addResult(result: TaskResult): void {
    const { data: facts } = this
    facts.results += 1
    facts.machines.addResult(result)
    facts.topology.addResult(result)
    facts.commands.addResult(result)
    const play = getOrCreate(facts.plays, result.play, () => ({
      name: result.play,
      hosts: new Map<string, HostTasks>(),
    }))
    const host = getOrCreate(play.hosts, result.host, () => ({
      host: result.host,
      counts: {},
      failed: false,
      details: [],
      quiet: [],
    }))
    host.counts[result.status] = (host.counts[result.status] ?? 0) + 1

    const hasFailed =
      (result.status === 'failed' || result.status === 'unreachable') && !result.ignored && !result.rescued
    if (hasFailed) host.failed = true
    const kind = hasFailed ? 'failed' : isQuiet(result) ? 'quiet' : 'other'
    if (this.#counts[kind] >= LIMITS[kind] || this.#remaining <= 0) {
      facts.onlyCounted += 1
      return
    }
    this.#counts[kind] += 1
    if (kind === 'quiet') {
      const { task, status, durationMs, message } = result
      host.quiet.push({ name: task, status, durationMs, ...(message === undefined ? {} : { message }) })
      return
    }
    const detail = detailOf(result, facts.results, this.#messages)
    this.#remaining -= sizeOf(detail)
    host.details.push(detail)
    if (hasFailed) facts.failures.push(detail)
  }
}

/** A task that changed nothing is shown with details if it has a long output. */
const isQuiet = ({ status, commands }: TaskResult): boolean =>
  (status === 'ok' || status === 'skipped') && !commands.some(({ long }) => long !== undefined)

/** Head and tail of an exhibit's output. */
function headAndTail(text: string, note: string): string {
  if (text.length <= 3 * EXHIBIT_HALF) return text
  return `${text.slice(0, EXHIBIT_HALF)}\n[... ${note} ...]\n${text.slice(-EXHIBIT_HALF)}`
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const existing = map.get(key)
  if (existing !== undefined) return existing
  const created = create()
  map.set(key, created)
  return created
}
