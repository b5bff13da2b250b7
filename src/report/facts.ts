import type { Exhibit, Finding, Notice, RunEnd, RunEvent, RunStart, TaskResult } from '../run/events.ts'
import { CommandFold } from './commands.ts'
import { DataRoom, type KeptData } from './data.ts'
import { MachineFold } from './machines.ts'
import { detailOf, sizeOf, type TaskDetail } from './task.ts'
import { en, type Words } from './words/index.ts'

/** More than this would make a page that no browser opens gladly. Failed tasks have room of their own. */
const MOST = { failed: 300, other: 700, quiet: 5000, exhibits: 500, notices: 500 } as const
/** Characters of outputs and diffs that are kept for the page. */
const ROOM = 32_000_000
/** Characters of the data files of exhibits. */
const DATA_ROOM = 32_000_000
/** Of an exhibit's output the page shows some hundred lines at most. */
const EXHIBIT_HALF = 32_000

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
  failed: boolean
  readonly details: TaskDetail[]
  readonly quiet: QuietTask[]
}

interface PlayTasks {
  readonly name: string
  readonly hosts: Map<string, HostTasks>
}

/** An exhibit with as much as is shown of it. */
export type KeptExhibit = Omit<Exhibit, 'data'> & KeptData

/** What the report shows of a journal beside its summary. */
export interface Facts {
  start?: RunStart
  end?: RunEnd
  lastTime: string
  readonly exhibits: Map<string, KeptExhibit>
  readonly findings: Finding[]
  readonly notices: Notice[]
  readonly plays: Map<string, PlayTasks>
  readonly failures: TaskDetail[]
  /** How many results are in the journal, and how many of them are only counted. */
  results: number
  onlyCounted: number
  /** How many exhibits and notices are left out. */
  moreExhibits: number
  moreNotices: number
  readonly machines: MachineFold
  readonly commands: CommandFold
  /** What each experiment expected, by its name. */
  readonly hypotheses: Map<string, string>
}

/**
 * Folds a run's events; keeps details of failed and changed tasks, up to a limit, and counts the rest. What it keeps
 * does not grow with the journal, but for a few words for each host and play.
 */
export class FactsFold {
  readonly facts: Facts
  readonly #words: Words
  readonly #kept = { failed: 0, other: 0, quiet: 0 }
  readonly #data = new DataRoom(DATA_ROOM)
  #room = ROOM

  /** @param words - of the language in which the report is to say what it leaves out. */
  constructor(words: Words = en) {
    this.#words = words
    this.facts = {
      lastTime: '',
      exhibits: new Map(),
      findings: [],
      notices: [],
      plays: new Map(),
      failures: [],
      results: 0,
      onlyCounted: 0,
      moreExhibits: 0,
      moreNotices: 0,
      machines: new MachineFold(),
      commands: new CommandFold(words),
      hypotheses: new Map(),
    }
  }

  add(event: RunEvent): void {
    const { facts } = this
    facts.lastTime = event.time
    switch (event.type) {
      case 'run_start':
        facts.start = event
        break
      case 'run_end':
        facts.end = event
        break
      case 'exhibit':
        this.#addExhibit(event)
        break
      case 'finding':
        facts.findings.push(event)
        break
      case 'notice':
        if (facts.notices.length < MOST.notices) facts.notices.push(event)
        else facts.moreNotices += 1
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
      case 'exhibit_start':
        break
    }
  }

  #addExhibit(exhibit: Exhibit): void {
    const { facts } = this
    facts.machines.addExhibit(exhibit)
    facts.commands.addExhibit(exhibit)
    if (facts.exhibits.size >= MOST.exhibits && !facts.exhibits.has(exhibit.id)) {
      facts.moreExhibits += 1
      return
    }
    const { data, ...shown } = exhibit
    const ends = (text: string, whole = 'events.jsonl'): string => bothEnds(text, this.#words.says.partLeftOut(whole))
    facts.exhibits.set(exhibit.id, {
      ...shown,
      ...this.#data.keep(data),
      stdout: ends(exhibit.stdout, exhibit.long?.stdout?.file),
      stderr: ends(exhibit.stderr, exhibit.long?.stderr?.file),
    })
  }

  #addResult(result: TaskResult): void {
    const { facts } = this
    facts.results += 1
    facts.machines.addResult(result)
    facts.commands.addResult(result)
    const play = getOrPut(facts.plays, result.play, () => ({ name: result.play, hosts: new Map() }))
    const host = getOrPut(play.hosts, result.host, () => ({
      host: result.host,
      counts: {},
      failed: false,
      details: [],
      quiet: [],
    }))
    host.counts[result.status] = (host.counts[result.status] ?? 0) + 1

    const bad = (result.status === 'failed' || result.status === 'unreachable') && !result.ignored
    if (bad) host.failed = true
    const kind = bad ? 'failed' : isQuiet(result) ? 'quiet' : 'other'
    if (this.#kept[kind] >= MOST[kind] || this.#room <= 0) {
      facts.onlyCounted += 1
      return
    }
    this.#kept[kind] += 1
    if (kind === 'quiet') {
      const { task, status, durationMs, message } = result
      host.quiet.push({ name: task, status, durationMs, ...(message === undefined ? {} : { message }) })
      return
    }
    const detail = detailOf(result, facts.results, this.#words)
    this.#room -= sizeOf(detail)
    host.details.push(detail)
    if (bad) facts.failures.push(detail)
  }
}

/** A task that only looked, and yet printed what is in a file of its own, is shown with it. */
const isQuiet = ({ status, commands }: TaskResult): boolean =>
  (status === 'ok' || status === 'skipped') && !commands.some(({ long }) => long !== undefined)

/** As much of an output as is shown of an exhibit. */
function bothEnds(text: string, leftOut: string): string {
  if (text.length <= 3 * EXHIBIT_HALF) return text
  return `${text.slice(0, EXHIBIT_HALF)}\n[... ${leftOut} ...]\n${text.slice(-EXHIBIT_HALF)}`
}

function getOrPut<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
