import { join } from 'node:path'
import imported, { type Builder } from 'junit-report-builder'
import { readJournal } from '../evidence/read.ts'
import type { Finding, RunEnd, RunEvent, TaskResult } from '../run/events.ts'
import { excerpt } from './format.ts'
import { measures } from './measures.ts'
import { dropUnprintable } from './unprintable.ts'
import { en, type Words } from './words/index.ts'

/** The package's types are those of an ES module, which it is not. */
const packaged = imported as unknown as Builder

type Suite = ReturnType<Builder['testSuite']>

/**
 * A run as JUnit XML, so that CI systems show it: each result of a task on a host and each finding is a test case. A
 * task that was skipped and a finding that cannot be told are skipped cases; a run without an end is an error.
 *
 * @param folder - of the run, with `events.jsonl` in it.
 * @throws {EvidenceError} when the journal is missing or damaged.
 */
export const junitReport = (folder: string, words: Words = en): string =>
  junitOf(readJournal(join(folder, 'events.jsonl')), words)

export function junitOf(events: Iterable<RunEvent>, words: Words): string {
  const builder = packaged.newBuilder()
  const suites = new Map<string, Suite>()
  let playbook = ''
  let end: RunEnd | undefined
  const suite = (name: string, time: string): Suite => {
    const known = suites.get(name)
    if (known !== undefined) return known
    const made = builder.testSuite().name(safe(name)).timestamp(time)
    suites.set(name, made)
    return made
  }
  for (const event of events) {
    if (event.type === 'run_start') {
      playbook = event.playbook
      builder.name(safe(`labbook ${playbook}`))
    }
    if (event.type === 'run_end') end = event
    if (event.type === 'result') addResult(suite(event.play, event.time), event, playbook, words)
    if (event.type === 'finding') addFinding(suite(event.experiment, event.time), event, playbook, words)
  }
  const whole = builder.testSuite().name('run').testCase().className(safe(playbook)).name('the run came to its end')
  if (end === undefined || end.status === 'interrupted') whole.error(words.says.interrupted, 'interrupted')
  return builder.build()
}

function addResult(suite: Suite, result: TaskResult, playbook: string, { says, statuses }: Words): void {
  const { host, task, play, status, ignored, message = '', durationMs, stdout, stderr } = result
  const each = suite
    .testCase()
    .className(className(playbook, play))
    .name(safe(`${host}: ${task}`))
    .time(durationMs / 1000)
  const shown = (text: string): string => safe(excerpt(text, says.linesLeftOut))
  if (status === 'skipped' || status === 'unknown') each.skipped()
  if (status === 'failed' && !ignored)
    each
      .failure(safe(message), 'failed')
      .stacktrace(shown([message, stdout, stderr].filter((part) => part !== '').join('\n')))
  if (status === 'unreachable' && !ignored) each.error(safe(message), 'unreachable')
  each.standardOutput(safe(`${statuses[status]}${ignored ? ' (ignored)' : ''}${message === '' ? '' : `: ${message}`}`))
}

function addFinding(suite: Suite, finding: Finding, playbook: string, words: Words): void {
  const { id, experiment, statement, holds, question, detail, evidence } = finding
  const answer = words.marks[holds === null ? 'unknown' : question ? (holds ? 'yes' : 'no') : holds ? 'holds' : 'fails']
  const each = suite
    .testCase()
    .className(className(playbook, experiment))
    .name(safe(`${id}: ${statement}`))
  const said = [
    ...(detail === undefined ? [] : [detail]),
    ...measures(finding, words),
    ...(evidence.length > 0 ? [`${words.labels.evidence}: ${evidence.join(', ')}`] : []),
  ]
  if (holds === null) each.skipped()
  if (holds === false && !question)
    each.failure(safe(detail ?? words.marks.fails), 'finding').stacktrace(safe(said.join('\n')))
  each.standardOutput(safe([answer, ...said].join('\n')))
}

/** CI systems read dots as levels. */
const className = (playbook: string, name: string): string => safe(`${playbook}.${name.replaceAll('.', ' ')}`)

/** Without what XML has no place for, nor the end of a CDATA section, of which the builder mends only the first. */
const safe = (text: string): string => dropUnprintable(text).replaceAll(']]>', ']]&gt;')
