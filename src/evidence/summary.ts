import { join } from 'node:path'
import type { Finding, PlayStart, Recap, RunEvent } from '../events/events.ts'
import { countResult, emptyRecap } from '../execution/recap.ts'
import { replaceFileSync } from './replace-file.ts'
import { withFileErrors, type RunDirectory } from './run-directory.ts'

export interface PlaySummary {
  readonly name: string
  readonly kind: PlayStart['kind']
  readonly hosts: readonly string[]
  /** Milliseconds; of an interrupted play, until the last event. */
  readonly durationMs: number
}

/** The summary of a run; the content of `summary.json`. */
export interface Summary {
  readonly playbook: string
  readonly status: 'passed' | 'failed' | 'interrupted'
  readonly exitCode: number
  readonly check: boolean
  /** ISO 8601, UTC; empty for an event log without events. */
  readonly startedAt: string
  readonly durationMs: number
  readonly hosts: Readonly<Record<string, Recap>>
  readonly findings: readonly Pick<
    Finding,
    'id' | 'statement' | 'holds' | 'question' | 'evidence' | 'detail' | 'times' | 'measured'
  >[]
  readonly plays: readonly PlaySummary[]
}

/**
 * Builds the summary from a run's events, one by one. An event log without `run_end` is of a killed run: `interrupted`,
 * exit code 130, with the results until then. Results of experiments do not count in the recap.
 */
export class SummaryFold {
  #start: Pick<Summary, 'playbook' | 'check' | 'startedAt'> = { playbook: '', check: false, startedAt: '' }
  #end: Pick<Summary, 'status' | 'exitCode' | 'hosts' | 'durationMs'> | undefined
  #last = ''
  readonly #recaps = new Map<string, Recap>()
  readonly #findings: Summary['findings'][number][] = []
  readonly #plays: (PlaySummary & { readonly start: string; readonly ended: boolean })[] = []
  /** The index of the last play of each name. */
  readonly #current = new Map<string, number>()

  add(event: RunEvent): void {
    this.#last = event.time
    if (this.#start.startedAt === '') this.#start = { ...this.#start, startedAt: event.time }
    switch (event.type) {
      case 'run_start':
        this.#start = { ...this.#start, playbook: event.playbook, check: event.check }
        for (const host of event.hosts) this.#recaps.set(host, emptyRecap())
        break
      case 'play_start':
        this.#current.set(event.play, this.#plays.length)
        this.#plays.push({
          name: event.play,
          kind: event.kind,
          hosts: event.hosts,
          durationMs: 0,
          start: event.time,
          ended: false,
        })
        break
      case 'play_end': {
        const play = this.#play(event.play)
        if (play) Object.assign(play, { durationMs: event.durationMs, ended: true })
        break
      }
      case 'result': {
        if (this.#play(event.play)?.kind === 'experiment') break
        const recap = this.#recaps.get(event.host) ?? emptyRecap()
        countResult(recap, event)
        this.#recaps.set(event.host, recap)
        break
      }
      case 'finding': {
        const { id, statement, holds, question, evidence, detail, times, measured } = event
        this.#findings.push({
          id,
          statement,
          holds,
          evidence,
          ...(question && { question }),
          ...(detail === undefined ? {} : { detail }),
          ...(times && { times }),
          ...(measured && { measured }),
        })
        break
      }
      case 'run_end':
        this.#end = { status: event.status, exitCode: event.exitCode, hosts: event.hosts, durationMs: event.durationMs }
        break
      case 'task_start':
      case 'waiting':
      case 'output':
      case 'exhibit_start':
      case 'exhibit':
      case 'notice':
        break
    }
  }

  summary(): Summary {
    // The system clock may have been set back.
    const until = (start: string): number =>
      this.#last === '' ? 0 : Math.max(0, Date.parse(this.#last) - Date.parse(start))
    return {
      playbook: this.#start.playbook,
      status: 'interrupted',
      exitCode: 130,
      check: this.#start.check,
      startedAt: this.#start.startedAt,
      durationMs: until(this.#start.startedAt),
      hosts: Object.fromEntries(this.#recaps),
      ...this.#end,
      findings: this.#findings,
      plays: this.#plays.map(({ name, kind, hosts, durationMs, start, ended }) => ({
        name,
        kind,
        hosts,
        durationMs: ended ? durationMs : until(start),
      })),
    }
  }

  #play(name: string) {
    const index = this.#current.get(name)
    return index === undefined ? undefined : this.#plays[index]
  }
}

/**
 * Writes `summary.json` into a run's directory, atomically.
 *
 * @throws {EvidenceError} it cannot be written.
 */
export function writeSummary(folder: Pick<RunDirectory, 'path'>, summary: Summary): void {
  const path = join(folder.path, 'summary.json')
  withFileErrors(`cannot write ${path}`, () => {
    replaceFileSync(path, `${JSON.stringify(summary, null, 2)}\n`)
  })
}
