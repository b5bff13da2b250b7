import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding, PlayStart, Recap, RunEvent } from '../run/events.ts'
import { count, emptyRecap } from '../run/recap.ts'
import { attempt, type RunFolder } from './folder.ts'

export interface PlaySummary {
  readonly name: string
  readonly kind: PlayStart['kind']
  readonly hosts: readonly string[]
  /** Milliseconds; of a play that was cut off, until the last thing known of it. */
  readonly durationMs: number
}

/** What a run came to; the content of `summary.json`. */
export interface Summary {
  readonly playbook: string
  readonly status: 'passed' | 'failed' | 'interrupted'
  readonly exitCode: number
  readonly check: boolean
  /** ISO 8601, UTC; empty for a journal without any event. */
  readonly startedAt: string
  readonly durationMs: number
  readonly hosts: Readonly<Record<string, Recap>>
  readonly findings: readonly Pick<Finding, 'id' | 'statement' | 'holds' | 'evidence' | 'detail'>[]
  readonly plays: readonly PlaySummary[]
}

/**
 * Folds a journal into a summary, in one pass. A journal without an end is of a run that was killed: `interrupted`,
 * exit code 130, with the results until then counted. Experiments are observation and do not count.
 */
export function summarise(events: Iterable<RunEvent>): Summary {
  let summary: Summary = {
    playbook: '', status: 'interrupted', exitCode: 130, check: false, startedAt: '', durationMs: 0, hosts: {}, findings: [], plays: [],
  }
  let last = ''
  const recaps = new Map<string, Recap>()
  const findings: Summary['findings'][number][] = []
  const plays: (PlaySummary & { start: string; ended: boolean })[] = []
  const current = (name: string) => plays.findLast((play) => play.name === name)
  let ended: Pick<Summary, 'status' | 'exitCode' | 'hosts' | 'durationMs'> | undefined

  for (const event of events) {
    last = event.time
    if (summary.startedAt === '') summary = { ...summary, startedAt: event.time }
    switch (event.type) {
      case 'run_start':
        summary = { ...summary, playbook: event.playbook, check: event.check }
        for (const host of event.hosts) recaps.set(host, emptyRecap())
        break
      case 'play_start':
        plays.push({ name: event.play, kind: event.kind, hosts: event.hosts, durationMs: 0, start: event.time, ended: false })
        break
      case 'play_end': {
        const play = current(event.play)
        if (play) Object.assign(play, { durationMs: event.durationMs, ended: true })
        break
      }
      case 'result': {
        if (current(event.play)?.kind === 'experiment') break
        const recap = recaps.get(event.host) ?? emptyRecap()
        count(recap, event)
        recaps.set(event.host, recap)
        break
      }
      case 'finding': {
        const { id, statement, holds, evidence, detail } = event
        findings.push({ id, statement, holds, evidence, ...(detail === undefined ? {} : { detail }) })
        break
      }
      case 'run_end':
        ended = { status: event.status, exitCode: event.exitCode, hosts: event.hosts, durationMs: event.durationMs }
        break
      case 'task_start':
      case 'exhibit':
      case 'notice':
        break
    }
  }
  return {
    ...summary,
    hosts: Object.fromEntries(recaps),
    durationMs: last === '' ? 0 : Date.parse(last) - Date.parse(summary.startedAt),
    ...ended,
    findings,
    plays: plays.map(({ name, kind, hosts, durationMs, start, ended }) =>
      ({ name, kind, hosts, durationMs: ended ? durationMs : Date.parse(last) - Date.parse(start) })),
  }
}

/**
 * Writes `summary.json` into a run's folder, whole or not at all.
 *
 * @throws {EvidenceError} when it cannot be written.
 */
export function writeSummary(folder: Pick<RunFolder, 'path'>, summary: Summary): void {
  const path = join(folder.path, 'summary.json')
  attempt(`cannot write ${path}`, () => {
    writeFileSync(`${path}.part`, `${JSON.stringify(summary, null, 2)}\n`)
    renameSync(`${path}.part`, path)
  })
}
