import { dayAndTime, duration, ENGLISH, measureIn, numberIn } from '../format.ts'

const number = numberIn(ENGLISH)
const measure = measureIn(ENGLISH)

/** `1 task`, `2 tasks` */
const plural = (n: number, word: string): string => `${number(n)} ${word}${n === 1 ? '' : 's'}`

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const

/** `21 November 2026, 04:30:00 UTC`. Node's own words for dates and numbers take 30 ms to load. */
function moment(iso: string): string {
  const at = dayAndTime(iso)
  return at === undefined ? 'unknown time' : `${at.day} ${MONTHS[at.month]} ${at.year}, ${at.time} UTC`
}

/** All fixed words of the report. Another language has the same keys: one that is missing does not compile. */
export const en = {
  lang: 'en' as string,
  number,
  measure,
  duration,
  moment,
  bytes: (n: number): string => (n < 10_000 ? plural(n, 'byte') : `${measure(n / 1000)} kB`),

  verdicts: { passed: 'Passed', failed: 'Failed', interrupted: 'Interrupted' },
  marks: { yes: 'yes', no: 'no', holds: 'holds', fails: 'does not hold', unknown: 'cannot tell' },
  statuses: {
    ok: 'ok',
    changed: 'changed',
    unreachable: 'unreachable',
    failed: 'failed',
    skipped: 'skipped',
    rescued: 'rescued',
    ignored: 'ignored',
    unknown: 'cannot tell',
  },
  levels: { info: 'info', warning: 'warning', error: 'error' },
  kinds: { play: 'play', experiment: 'experiment' },
  blocks: { probe: 'probe', change: 'change', verify: 'verify', output: 'output', errors: 'errors' },
  streams: { output: 'output', errors: 'errors' },

  heads: {
    labReport: 'Lab report',
    aRun: 'a run',
    contents: 'Contents',
    skip: 'Skip to the report',
    verdict: 'Verdict',
    wrong: 'What went wrong',
    questions: 'Questions and answers',
    findings: 'Findings',
    hosts: 'Hosts',
    phases: 'Phases',
    evidence: 'Evidence',
    more: 'More exhibits',
    tasks: 'Tasks',
    notices: 'Notices',
    appendix: 'Appendix: every command',
  },
  labels: {
    checkMode: 'check mode',
    author: 'Author',
    course: 'Course',
    playbook: 'Playbook',
    started: 'Started',
    took: 'Took',
    exitCode: 'Exit code',
    controller: 'Controller',
    hosts: 'Hosts',
    machines: 'Machines',
    commandLine: 'Command line',
    verdict: 'Verdict',
    finding: 'Finding',
    measured: 'Measured',
    evidence: 'Evidence',
    host: 'Host',
    phase: 'Phase',
    kind: 'Kind',
    share: 'Share of the longest',
    question: 'Question',
    expected: 'Expected',
    answer: 'Answer',
    asText: 'as text',
    data: 'Data',
    see: 'See',
    seeAlso: 'See also',
    ignored: 'ignored',
    handler: 'handler',
    asThingsAre: 'As things are now it would:',
    noTask: 'No task has run.',
    terminal: 'Terminal',
    chart: 'Chart',
    exhibit: 'Exhibit',
  },
  tables: {
    findings: 'What was to be proven, and what was seen',
    hosts: 'Results of the tasks by host',
    phases: 'How long each phase took',
    questions: 'The questions of the lab, and the findings that answer them',
  },
  questions: {
    drain: 'What becomes of the tasks of a node that is drained?',
    returns: 'Does the service come back to the node by itself?',
    bringsBack: 'What brings it back?',
    survives: 'Does the service survive the loss of a node, and come back by itself?',
    managers: 'What if a manager is lost?',
    replicas: 'How is the number of replicas set?',
    update: 'Can the service be updated while it works?',
    health: 'How is health checked?',
    dependsOn: 'What does depends_on do?',
    capacity: 'Did capacity change with the number of replicas?',
    users: 'What did users with think time see?',
    images: 'Do images survive the registry?',
    registry: 'Is the registry safe?',
  },
  charts: {
    second: 's',
    answered: 'answered',
    failed: 'failed',
    starting: 'starting',
    ended: 'ended in failure',
    seconds: 'seconds from the start',
    failedBelow: 'answered ↑  failed ↓',
    nothing: 'No values',
    notDrawn: (why: string): string => `The chart could not be drawn: ${why}`,
    lines: (x: string, y: string): string => `Chart of ${y} against ${x}.`,
    series: (name: string, n: number, low: string, high: string): string =>
      `${name}: ${plural(n, 'value')} from ${low} to ${high}.`,
    timeline: (lanes: string, seconds: string, bars: number): string =>
      `Timeline of ${seconds} s, lanes ${lanes}, ${plural(bars, 'bar')}.`,
    requests: (ok: number, failed: number): string => `${plural(ok, 'request')} answered, ${number(failed)} failed.`,
  },
  says: {
    title: (title: string, verdict: string): string => `${title}: ${verdict.toLowerCase()} - Labbook report`,
    footer: 'Rendered by Labbook from events.jsonl, the journal of this run.',
    software: (platform: string, node: string, version: string): string =>
      `${platform}, Node ${node}, Labbook ${version}`,
    machine: (system: string, cpus: number, memory: string): string =>
      [
        ...(system === '' ? [] : [system]),
        ...(cpus > 0 ? [plural(cpus, 'CPU')] : []),
        ...(memory === '' ? [] : [`${memory} GiB`]),
      ].join(', '),
    exit: (code: number): string => `exit code ${code}`,
    attempts: (n: number): string => `${n} attempts`,
    on: (host: string): string => `on ${host}`,
    at: (status: string, task: string, play: string): string => `${status} at «${task}» (${play})`,
    atTask: ' at ',
    namesAnd: (names: string, more: number): string => `${names} and ${number(more)} more`,
    interrupted: 'The run ended before its playbook did; this is what was done until then',
    check: 'Check mode: nothing was changed; what is listed as changed is what a run would do',
    notReached: (names: string): string => `Could not reach ${names}`,
    failedOn: (names: string): string => `Failed on ${names}`,
    findings: (hold: number, fail: number, unknown: number): string =>
      `${hold} of ${hold + fail + unknown} findings hold` +
      (fail > 0 ? `, ${fail} ${fail === 1 ? 'does' : 'do'} not` : '') +
      (unknown > 0 ? `, ${unknown} cannot be told` : ''),
    asked: (answered: number, all: number): string => `${answered} of ${plural(all, 'question')} answered`,
    toChange: (n: number): string => `${n} changes to make`,
    changed: (n: number): string => `${n} ${n === 1 ? 'task' : 'tasks'} changed something`,
    notRecorded: 'not recorded',
    moreHosts: (n: number): string => `${plural(n, 'host')} more, without a failure, in `,
    moreHostsIn: (n: number): string => `${plural(n, 'host')} more in `,
    moreExhibits: (n: number): string => `${plural(n, 'exhibit')} more in `,
    more: (n: number): string => `${number(n)} more in `,
    onlyCounted: (results: number, counted: number): string =>
      `${plural(results, 'result')} are in the journal; ${plural(counted, 'result')} are only counted here. All of them are in `,
    calm: (n: number): string => `${plural(n, 'task')} without a change`,
    long: (bytes: number, stream: string): string =>
      `${number(bytes)} bytes of ${stream}; the first and last of them are in `,
    allOf: ', all of them in ',
    taken: (host: string, when: string): string => `Taken on ${host}, ${when}.`,
    dataElsewhere: (name: string): string => `${name} (not kept here; it is in events.jsonl)`,
    linesLeftOut: (n: number, whole: string): string => `${plural(n, 'line')} left out; all of them are in ${whole}`,
    partLeftOut: (whole: string): string => `a part is left out here; all of it is in ${whole}`,
    diffTooLarge: 'too large to show here; both texts are in events.jsonl',
    diffMore: (n: number): string => `${number(n)} more lines; both texts are in events.jsonl`,
    terminal: (host: string, command: string, exitCode: number, lines: number, took: string): string =>
      `Terminal of ${host}. Command: ${command}. Exit code ${exitCode}, ${lines} lines of output, took ${took}.`,
    times: (held: number, of: number): string =>
      of === 0 ? 'could not be told any time' : `held ${held} of ${plural(of, 'time')}`,
    yesTimes: (yes: number, of: number): string =>
      of === 0 ? 'could not be told any time' : `yes ${yes} of ${plural(of, 'time')}`,
    atLeast: (percent: string): string => `95 % interval at least ${percent} %`,
    atMost: (percent: string): string => `95 % interval at most ${percent} %`,
    between: (low: string, high: string): string => `95 % interval ${low} to ${high} %`,
    untold: (n: number): string => `${n} could not be told`,
    measured: (name: string, median: string, low: string, high: string, n: number): string =>
      `${name}: median ${median}, ${low} to ${high} (n = ${n})`,
    appendix: 'What changed a machine, and what was shown as evidence, in the order it ended.',
    looks: (n: number): string =>
      `${plural(n, 'look')} at the machines that changed nothing (probes) are not listed; they are in `,
    moreCommands: (n: number): string => `${plural(n, 'command')} more in `,
  },
}

/** What a language must have. */
export type Words = typeof en
