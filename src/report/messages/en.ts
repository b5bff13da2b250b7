import { ENGLISH_MESSAGES } from '../../events/message.ts'
import { capitalized, dayAndTime, duration, ENGLISH, measureIn, numberIn } from '../format.ts'

const number = numberIn(ENGLISH)
const measure = measureIn(ENGLISH)

/** `1 task`, `2 tasks` */
const plural = (n: number, word: string): string => `${number(n)} ${word}${n === 1 ? '' : 's'}`

const COUNTS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'] as const
const countWord = (n: number): string => COUNTS[n] ?? String(n)

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

/** `21 November 2026, 04:30:00 UTC`. Node's `Intl` would take 30 ms to load. */
function moment(iso: string): string {
  const at = dayAndTime(iso)
  return at === undefined ? 'unknown time' : `${at.day} ${MONTHS[at.month]} ${at.year}, ${at.time} UTC`
}

/** All fixed texts of the report. A language that lacks a key does not compile. */
export const en = {
  lang: 'en' as string,
  /** How texts of findings are rendered; `withCatalogue` adds their translations. */
  texts: ENGLISH_MESSAGES,
  number,
  measure,
  duration,
  moment,
  bytes: (n: number): string => (n < 10_000 ? plural(n, 'byte') : `${measure(n / 1000)} kB`),

  verdicts: { passed: 'Passed', failed: 'Failed', interrupted: 'Interrupted' },
  findingVerdicts: { yes: 'Yes', no: 'No', holds: 'Holds', fails: 'Does not hold', unknown: 'Inconclusive' },
  statuses: {
    ok: 'ok',
    changed: 'changed',
    unreachable: 'unreachable',
    failed: 'failed',
    skipped: 'skipped',
    rescued: 'rescued',
    ignored: 'ignored',
    unknown: 'unknown',
  },
  levels: { info: 'info', warning: 'warning', error: 'error' },
  kinds: { play: 'play', experiment: 'experiment' },
  blocks: { probe: 'probe', change: 'change', verify: 'verify', output: 'stdout', errors: 'stderr' },
  streams: { output: 'stdout', errors: 'stderr' },

  headings: {
    labReport: 'Lab report',
    unnamedRun: 'Run',
    contents: 'Contents',
    skipLink: 'Skip to the report',
    verdict: 'Verdict',
    failures: 'What went wrong',
    questions: 'Questions and answers',
    findings: 'Findings',
    hosts: 'Hosts',
    phases: 'Phases',
    evidence: 'Evidence',
    otherExhibits: 'Other exhibits',
    tasks: 'Tasks',
    logMessages: 'Log messages',
    appendix: 'Appendix: commands',
    aim: 'Aim and set-up',
    keyResults: 'Key results',
    otherFindings: 'Other findings',
    conclusion: 'Conclusion',
    limits: 'Limits of the experiment',
    references: 'References',
    runs: 'Appendix: runs and evidence',
    allEvidence: 'All evidence',
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
    question: 'Question',
    expected: 'Expected',
    answer: 'Answer',
    asText: 'as text',
    data: 'Data',
    recording: 'Recording (asciinema play)',
    see: 'See',
    seeAlso: 'See also',
    ignored: 'ignored',
    handler: 'handler',
    wouldChange: 'In the current state, it would:',
    noTasks: 'No tasks ran.',
    exhibit: 'Exhibit',
    report: 'Report',
    run: 'Run',
    allExhibits: 'All exhibits, tasks and commands',
    onlyWith: 'in the evidence',
  },
  tables: {
    findings: 'Claims and results',
    hosts: 'Task results by host',
    phases: 'Duration of each phase',
    questions: 'Questions and the findings that answer them',
    conclusion: 'Answers by section',
    runs: 'The runs of this report',
  },
  topology: {
    title: 'Topology',
    clients: 'Clients (load generator)',
    network: 'Network',
    published: 'Published ports',
    port: (ports: string): string => `port ${ports}`,
    registry: (port: string): string => `registry, port ${port}`,
    host: 'host',
    worker: 'worker',
    agent: 'agent',
    manager: (status: string): string => `manager (${status})`,
  },
  defaultTitles: {
    swarm: (app: string, nodes: number): string => `${app} on a ${countWord(nodes)}-node Docker Swarm`,
    kubernetes: (app: string, nodes: number): string => `${app} on a ${countWord(nodes)}-node Kubernetes cluster`,
    application: (stack: string): string => `${capitalized(stack)} application`,
    services: 'Services',
  },
  charts: {
    second: 's',
    starting: 'starting',
    failed: 'failed',
    assumed: 'assumed running (node lost, not yet Down)',
    seconds: 'seconds since start',
    failedBelow: 'answered ↑  failed ↓',
    noData: 'No data',
    cannotDraw: (why: string): string => `Cannot draw the chart: ${why}`,
    lines: (x: string, y: string): string => `Chart of ${y} against ${x}.`,
    series: (name: string, n: number, low: string, high: string): string =>
      `${name}: ${plural(n, 'value')} from ${low} to ${high}.`,
    timeline: (lanes: string, seconds: string, bars: number): string =>
      `Timeline of ${seconds} s, lanes ${lanes}, ${plural(bars, 'bar')}.`,
    requests: (ok: number, failed: number): string => `${plural(ok, 'request')} answered, ${number(failed)} failed.`,
  },
  phrases: {
    title: (title: string, verdict: string): string => `${title}: ${verdict.toLowerCase()} - Labbook report`,
    footer: 'Rendered by Labbook from events.jsonl, the event log of this run.',
    footerOfRuns: 'Rendered by Labbook from the event logs of these runs.',
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
    at: (status: string, task: string, play: string): string => `${status} at "${task}" (${play})`,
    atTask: ' at ',
    namesAnd: (names: string, more: number): string => `${names} and ${number(more)} more`,
    interrupted: 'The run was interrupted; the report covers what ran until then',
    check: 'Check mode: nothing was changed; the changes listed are those a run would make',
    unreachable: (names: string): string => `Unreachable: ${names}`,
    failed: (names: string): string => `Failed: ${names}`,
    findings: (hold: number, fail: number, unknown: number): string =>
      `${hold} of ${hold + fail + unknown} findings hold` +
      (fail > 0 ? `, ${fail} ${fail === 1 ? 'does' : 'do'} not` : '') +
      (unknown > 0 ? `, ${unknown} inconclusive` : ''),
    questions: (answered: number, all: number): string => `${answered} of ${plural(all, 'question')} answered`,
    changesToMake: (n: number): string => `${plural(n, 'change')} to make`,
    changed: (n: number): string => `${plural(n, 'task')} made changes`,
    notRecorded: 'not recorded',
    moreHosts: (n: number): string => `${plural(n, 'more host')} without failures: see `,
    moreHostsIn: (n: number): string => `${plural(n, 'more host')}: see `,
    moreExhibits: (n: number): string => `${plural(n, 'more exhibit')}: see `,
    more: (n: number): string => `${number(n)} more: see `,
    onlyCounted: (results: number, counted: number): string =>
      `${number(counted)} of ${plural(results, 'result')} are only counted here; all of them are in `,
    unchangedTasks: (n: number): string => `${plural(n, 'task')} without changes`,
    longOutput: (bytes: number, stream: string): string => `${number(bytes)} bytes of ${stream}: head and tail are in `,
    completeTextIn: ', the complete text is in ',
    recordedOn: (host: string, when: string): string => `Taken on ${host}, ${when}.`,
    dataInEventLog: (name: string): string => `${name} (only in events.jsonl)`,
    linesOmitted: (n: number, file: string): string => `${plural(n, 'line')} omitted; complete text in ${file}`,
    truncated: (file: string): string => `truncated; complete text in ${file}`,
    diffTooLarge: 'too large to show; both versions are in events.jsonl',
    diffMore: (n: number): string => `${number(n)} more lines; both versions are in events.jsonl`,
    terminal: (host: string, command: string, exitCode: number, lines: number, took: string): string =>
      `Terminal of ${host}. Command: ${command}. Exit code ${exitCode}, ${lines} lines of output, took ${took}.`,
    heldTimes: (held: number, of: number): string =>
      of === 0 ? 'inconclusive every time' : `held ${held} of ${plural(of, 'time')}`,
    yesTimes: (yes: number, of: number): string =>
      of === 0 ? 'inconclusive every time' : `yes ${yes} of ${plural(of, 'time')}`,
    atLeast: (percent: string): string => `95 % confidence interval: at least ${percent} %`,
    atMost: (percent: string): string => `95 % confidence interval: at most ${percent} %`,
    between: (low: string, high: string): string => `95 % confidence interval: ${low} to ${high} %`,
    inconclusive: (n: number): string => `${n} inconclusive`,
    measured: (name: string, median: string, low: string, high: string, n: number): string =>
      `${name}: median ${median}, ${low} to ${high} (n = ${n})`,
    appendix: 'Commands that changed a host or are shown as evidence, in the order they ended.',
    omittedProbes: (n: number): string => `${plural(n, 'read-only probe')} omitted: see `,
    moreCommands: (n: number): string => `${plural(n, 'more command')}: see `,
    aim: (questions: number, sections: string): string =>
      `The aim is to answer ${plural(questions, 'question')} by experiment on running machines: ${sections}.`,
    aimWithoutQuestions: 'The report shows what the run did to its hosts.',
    method: (findings: number, exhibits: number): string =>
      `Each answer rests on findings (${number(findings)} in all), and each finding on recorded commands, outputs and ` +
      `measurements (${plural(exhibits, 'exhibit')}).`,
    answers: (yes: number, no: number, unknown: number): string => `Yes ${yes}, No ${no}, Inconclusive ${unknown}`,
    seeEvidence: 'Evidence',
    figure: (n: number): string => `Figure ${n}`,
    conclusion: (answered: number, all: number): string =>
      `${number(answered)} of ${plural(all, 'question')} ${answered === 1 ? 'has' : 'have'} a conclusive answer.`,
    sectionsMissing: (names: string): string => `Not covered, as no run of this report has findings on it: ${names}.`,
    questionsMissing: (n: number): string =>
      `${plural(n, 'question')} of the playbook ${n === 1 ? 'has' : 'have'} no findings in this report.`,
    inconclusiveBecause: (ids: string, why: string): string => `Inconclusive (${ids}): ${why}.`,
    once: (n: number): string =>
      `${plural(n, 'finding')} rest${n === 1 ? 's' : ''} on a single repetition: a repeated experiment may measure other numbers.`,
    oneKernel: (names: string): string =>
      `${names} are containers of one machine and share its CPU and disk: compare their numbers with each other, not with those of dedicated machines.`,
    exhibitsMissing: (ids: string): string => `Exhibits that findings refer to, but no run recorded: ${ids}.`,
    replaced: (n: number): string => `${plural(n, 'older finding')} replaced by newer ones with the same id.`,
    unasked: 'Findings that belong to no question of the playbook.',
    evidenceTitle: (title: string): string => `${title}: evidence`,
  },
}
