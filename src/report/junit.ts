import { translatedFinding } from './translate.ts'
import { join } from 'node:path'
import imported, { type Builder } from 'junit-report-builder'
import { readEventLog } from '../evidence/read-event-log.ts'
import type { Finding, RunEnd, RunEvent, TaskResult } from '../events/events.ts'
import { excerpt } from './format.ts'
import { findingStatistics } from './finding-statistics.ts'
import { dropUnprintable } from './unprintable.ts'
import { en, type Messages } from './messages/index.ts'

/** The package is CommonJS, but its types say ES module. */
const junitBuilder = imported as unknown as Builder

type Suite = ReturnType<Builder['testSuite']>

/**
 * A run as JUnit XML for CI systems: each task result and each finding is a test case. Skipped tasks and inconclusive
 * findings are skipped cases; an interrupted run is an error.
 *
 * @param directory - the run directory, with `events.jsonl`.
 * @throws {EvidenceError} if the event log is missing or damaged.
 */
export const junitReport = (directory: string, messages: Messages = en): string =>
  junitXml(readEventLog(join(directory, 'events.jsonl')), messages)

export function junitXml(events: Iterable<RunEvent>, messages: Messages): string {
  const builder = junitBuilder.newBuilder()
  const suites = new Map<string, Suite>()
  let playbook = ''
  let end: RunEnd | undefined
  const suite = (name: string, time: string): Suite => {
    const existing = suites.get(name)
    if (existing !== undefined) return existing
    const created = builder.testSuite().name(safe(name)).timestamp(time)
    suites.set(name, created)
    return created
  }
  for (const event of events) {
    if (event.type === 'run_start') {
      playbook = event.playbook
      builder.name(safe(`labbook ${playbook}`))
    }
    if (event.type === 'run_end') end = event
    if (event.type === 'result') addResult(suite(event.play, event.time), event, playbook, messages)
    if (event.type === 'finding') addFinding(suite(event.experiment, event.time), event, playbook, messages)
  }
  const runCase = builder.testSuite().name('run').testCase().className(safe(playbook)).name('run completes')
  if (end === undefined || end.status === 'interrupted') runCase.error(messages.phrases.interrupted, 'interrupted')
  return builder.build()
}

function addResult(suite: Suite, result: TaskResult, playbook: string, { phrases, statuses }: Messages): void {
  const { host, task, play, status, ignored, rescued, message = '', durationMs, stdout, stderr } = result
  const testCase = suite
    .testCase()
    .className(className(playbook, play))
    .name(safe(`${host}: ${task}`))
    .time(durationMs / 1000)
  const excerptOf = (text: string): string => safe(excerpt(text, phrases.linesOmitted))
  if (status === 'skipped' || status === 'unknown') testCase.skipped()
  if (status === 'failed' && !ignored && !rescued)
    testCase
      .failure(safe(message), 'failed')
      .stacktrace(excerptOf([message, stdout, stderr].filter((part) => part !== '').join('\n')))
  if (status === 'unreachable' && !ignored) testCase.error(safe(message), 'unreachable')
  testCase.standardOutput(
    safe(
      `${statuses[status]}${ignored ? ' (ignored)' : rescued ? ' (rescued)' : ''}${message === '' ? '' : `: ${message}`}`,
    ),
  )
}

function addFinding(suite: Suite, finding: Finding, playbook: string, messages: Messages): void {
  const { id, experiment, statement, holds, question, detail, evidence } = translatedFinding(finding, messages)
  const answer =
    messages.findingVerdicts[holds === null ? 'unknown' : question ? (holds ? 'yes' : 'no') : holds ? 'holds' : 'fails']
  const testCase = suite
    .testCase()
    .className(className(playbook, experiment))
    .name(safe(`${id}: ${statement}`))
  const lines = [
    ...(detail === undefined ? [] : [detail]),
    ...findingStatistics(finding, messages),
    ...(evidence.length > 0 ? [`${messages.labels.evidence}: ${evidence.join(', ')}`] : []),
  ]
  if (holds === null) testCase.skipped()
  if (holds === false && !question)
    testCase.failure(safe(detail ?? messages.findingVerdicts.fails), 'finding').stacktrace(safe(lines.join('\n')))
  testCase.standardOutput(safe([answer, ...lines].join('\n')))
}

/** CI systems treat dots as package separators. */
const className = (playbook: string, name: string): string => safe(`${playbook}.${name.replaceAll('.', ' ')}`)

/** Removes characters that XML forbids, and escapes every CDATA end: the builder escapes only the first. */
const safe = (text: string): string => dropUnprintable(text).replaceAll(']]>', ']]&gt;')
