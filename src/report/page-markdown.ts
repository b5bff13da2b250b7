import { escapeMarkdown } from './format.ts'
import type { LongOutput } from './task-detail.ts'
import type { ExhibitView, TaskView, View } from './view.ts'
import type { Messages } from './messages/index.ts'

/** Lines of Markdown; `false` is left out. */
type Lines = readonly (string | false)[]

/** The report in Markdown, with images under `img/`. All text from a run is escaped with {@link escapeMarkdown}. */
export function markdownPage(view: View): string {
  const { headings } = view.messages
  const sections: readonly (readonly [anchor: string, heading: string, lines: Lines])[] = [
    ['wrong', headings.failures, wrong(view)],
    ['questions', headings.questions, questions(view)],
    ['findings', headings.findings, findings(view)],
    ['hosts', headings.hosts, hosts(view)],
    ['phases', headings.phases, phases(view)],
    ['evidence', headings.evidence, evidence(view)],
    ['exhibits', headings.otherExhibits, moreExhibits(view)],
    ['tasks', headings.tasks, tasks(view)],
    ['notices', headings.logMessages, logMessages(view)],
    ['appendix', headings.appendix, appendix(view)],
  ]
  const shown = sections.filter(([, , lines]) => lines.length > 0)
  const blocks: Lines[] = [
    front(view),
    shown.map(([anchor, heading]) => `- [${heading}](#${anchor})`),
    ...shown.map(([anchor, heading, lines]) => [`<a id="${anchor}"></a>`, '', `## ${heading}`, '', ...lines]),
  ]
  return `${blocks
    .map((lines) =>
      lines
        .filter((line) => line !== false)
        .join('\n')
        .replace(/\n{3,}/g, '\n\n'),
    )
    .join('\n\n')}\n`
}

const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

const front = ({
  title,
  about,
  verdict,
  summary,
  reasons,
  start,
  machines,
  command,
  hosts,
  messages: { headings, labels, phrases, moment, duration },
}: View): Lines => [
  `# ${headings.labReport}: ${escapeMarkdown(title)}`,
  '',
  `**${verdict}**${summary.exitCode === 0 ? '' : ` (${phrases.exit(summary.exitCode)})`}. ${reasons.map((reason) => `${escapeMarkdown(reason)}. `).join('')}`,
  '',
  '| | |',
  '|---|---|',
  about.author !== undefined && row(labels.author, escapeMarkdown(about.author)),
  about.course !== undefined && row(labels.course, escapeMarkdown(about.course)),
  about.title !== undefined && row(labels.playbook, escapeMarkdown(summary.playbook)),
  row(labels.started, moment(summary.startedAt)),
  row(labels.took, duration(summary.durationMs)),
  ...(start === undefined
    ? []
    : [
        row(
          labels.controller,
          `${escapeMarkdown(start.controller.hostname)} (${escapeMarkdown(start.controller.platform)}, Node ${escapeMarkdown(start.controller.node)})`,
        ),
        row(labels.commandLine, escapeMarkdown(command)),
        row(labels.hosts, escapeMarkdown(hosts)),
        machines.length > 0 && row(labels.machines, machines.map(escapeMarkdown).join('<br>')),
        row('Labbook', escapeMarkdown(start.version)),
      ]),
]

const wrong = ({ failures, messages: { phrases, statuses } }: View): Lines =>
  failures.map(
    (task) =>
      `- **${escapeMarkdown(task.host)}** ${phrases.at(statuses[task.status], escapeMarkdown(task.name), escapeMarkdown(task.play))}${prefixed(': ', task.message)}`,
  )

const prefixed = (prefix: string, text: string | undefined): string =>
  text === undefined ? '' : `${prefix}${escapeMarkdown(text)}`

const questions = ({ questions }: View): Lines =>
  questions.flatMap(({ question, answers }) => [
    `**${escapeMarkdown(question)}**`,
    '',
    ...answers.map(
      (f) =>
        `- ${f.mark.sign} ${f.mark.text}: [${escapeMarkdown(f.statement)}](#finding-${f.slug})${[
          f.detail,
          ...f.statistics,
        ]
          .filter((text) => text !== undefined)
          .map((text) => `; ${escapeMarkdown(text)}`)
          .join('')}`,
    ),
    '',
  ])

const findings = ({ findings, messages: { labels, phrases } }: View): Lines =>
  findings.length === 0
    ? []
    : [
        `| | ${labels.finding} | ${labels.measured} | ${labels.evidence} |`,
        '|---|---|---|---|',
        ...findings.map((f) =>
          row(
            `${f.mark.sign} ${f.mark.text}`,
            `[${escapeMarkdown(f.statement)}](#finding-${f.slug})`,
            [f.detail, ...f.statistics]
              .filter((text) => text !== undefined)
              .map(escapeMarkdown)
              .join('<br>'),
            f.evidence
              .map((e) =>
                'missing' in e
                  ? `${escapeMarkdown(e.missing)} (${phrases.notRecorded})`
                  : `[${escapeMarkdown(e.id)}](#exhibit-${e.slug})`,
              )
              .join(', '),
          ),
        ),
      ]

const hosts = ({ recap, hasUnknown, moreHosts, messages: { labels, statuses, phrases } }: View): Lines =>
  recap.length === 0
    ? []
    : [
        row(
          labels.host,
          statuses.ok,
          statuses.changed,
          statuses.unreachable,
          statuses.failed,
          statuses.skipped,
          statuses.rescued,
          statuses.ignored,
          ...(hasUnknown ? [statuses.unknown] : []),
        ),
        `|---|---:|---:|---:|---:|---:|---:|---:|${hasUnknown ? '---:|' : ''}`,
        ...recap.map((h) =>
          row(
            escapeMarkdown(h.host),
            h.ok,
            h.changed,
            h.unreachable,
            h.failed,
            h.skipped,
            h.rescued,
            h.ignored,
            ...(hasUnknown ? [h.unknown] : []),
          ),
        ),
        ...(moreHosts > 0 ? ['', `${phrases.moreHosts(moreHosts)}\`summary.json\`.`] : []),
      ]

const phases = ({ phases, messages: { labels, kinds, duration } }: View): Lines => [
  row(labels.phase, labels.kind, labels.hosts, labels.took),
  '|---|---|---:|---:|',
  ...phases.map((p) => row(escapeMarkdown(p.name), kinds[p.kind], p.hosts.length, duration(p.durationMs))),
]

const evidence = ({ findings, messages: messages }: View): Lines =>
  findings.flatMap((f) => [
    '',
    `<a id="finding-${f.slug}"></a>`,
    '',
    `### ${f.mark.sign} ${escapeMarkdown(f.statement)}`,
    '',
    `\`${f.slug}\` **${f.mark.text}**${prefixed(': ', f.detail)}`,
    ...(f.hypothesis === undefined ? [] : ['', `${messages.labels.expected}: ${escapeMarkdown(f.hypothesis)}`]),
    ...(f.statistics.length === 0 ? [] : ['', ...f.statistics.map((line) => `- ${escapeMarkdown(line)}`)]),
    ...f.own.flatMap((e) => exhibit(e, messages)),
  ])

const moreExhibits = ({ otherExhibits, moreExhibits, messages: messages }: View): Lines =>
  otherExhibits.length === 0
    ? []
    : [
        ...otherExhibits.flatMap((e) => exhibit(e, messages)),
        ...(moreExhibits > 0 ? ['', `${messages.phrases.moreExhibits(moreExhibits)}\`events.jsonl\`.`] : []),
      ]

const exhibit = (e: ExhibitView, messages: Messages): string[] => [
  '',
  `<a id="exhibit-${e.slug}"></a>`,
  '',
  `![${escapeMarkdown(e.title)}, ${escapeMarkdown(messages.phrases.on(e.host))}](img/${e.slug}.svg)`,
  '',
  `*${messages.labels.exhibit} ${escapeMarkdown(e.id)}: ${escapeMarkdown(e.title)}. ${escapeMarkdown(messages.phrases.recordedOn(e.host, messages.moment(e.start)))}*`,
  ...(e.chart?.problem === undefined ? [] : ['', escapeMarkdown(messages.charts.cannotDraw(e.chart.problem))]),
  ...(e.data.length === 0
    ? []
    : [
        '',
        `${messages.labels.data}: ${e.data
          .map(({ name, file, text }) =>
            text === undefined
              ? escapeMarkdown(messages.phrases.dataInEventLog(name))
              : `[${escapeMarkdown(name)}](${file})`,
          )
          .join(', ')}`,
      ]),
  ...e.long.flatMap((long) => ['', fileOf(long, messages)]),
]

const fileOf = ({ stream, bytes, file }: LongOutput, { phrases, streams }: Messages): string =>
  `${phrases.longOutput(bytes, streams[stream])}\`events.jsonl\`${file === undefined ? '' : `${phrases.completeTextIn}[${escapeMarkdown(file)}](${file})`}.`

const tasks = ({ plays, results, onlyCounted, messages: messages }: View): Lines =>
  plays.length === 0
    ? []
    : [
        onlyCounted > 0 && `${messages.phrases.onlyCounted(results, onlyCounted)}\`events.jsonl\`.`,
        ...plays.flatMap((play) => [
          '',
          `### ${escapeMarkdown(play.name)}`,
          ...play.hosts.flatMap(({ host, counts, details }) => [
            '',
            `**${escapeMarkdown(host)}**: ${(Object.entries(counts) as [keyof typeof counts, number][]).map(([status, n]) => `${n} ${messages.statuses[status]}`).join(', ')}`,
            ...(details.length > 0 ? ['', ...details.flatMap((task) => detail(task, messages))] : []),
          ]),
          ...(play.moreHosts > 0 ? ['', `${messages.phrases.moreHostsIn(play.moreHosts)}\`events.jsonl\`.`] : []),
        ]),
      ]

const detail = (task: TaskView, messages: Messages): string[] => [
  `- ${messages.statuses[task.status]}${task.ignored ? ` (${messages.labels.ignored})` : task.rescued ? ` (${messages.statuses.rescued})` : ''}: ${escapeMarkdown(task.name)} (${messages.duration(task.durationMs)})${prefixed('. ', task.message)}${
    task.status === 'unknown' && task.changes.length > 0 ? `. ${messages.labels.wouldChange}` : ''
  }`,
  ...task.changes.map(({ description }) => `  - ${escapeMarkdown(description)}`),
  ...task.commands.flatMap(({ long }) => long.map((each) => `  - ${fileOf(each, messages)}`)),
]

const logMessages = ({
  logEvents: logEvents,
  moreLogEvents: moreLogEvents,
  messages: { levels, phrases },
}: View): Lines =>
  logEvents.length === 0
    ? []
    : [
        ...logEvents.map(
          ({ level, host, message }) => `- ${levels[level]}${prefixed(', ', host)}: ${escapeMarkdown(message)}`,
        ),
        ...(moreLogEvents > 0 ? ['', `${phrases.more(moreLogEvents)}\`events.jsonl\`.`] : []),
      ]

const appendix = ({ commands, moreCommands, probeCount, messages: { phrases } }: View): Lines =>
  commands.length === 0
    ? []
    : [
        `${phrases.appendix}${probeCount > 0 ? ` ${phrases.omittedProbes(probeCount)}\`events.jsonl\`.` : ''}`,
        '',
        ...commands.map(
          ({ host, title: what, script, exitCode }, i) =>
            `${i + 1}. **${escapeMarkdown(host)}** ${escapeMarkdown(what)}${exitCode === 0 ? '' : ` (${phrases.exit(exitCode)})`}: ${code(script)}`,
        ),
        ...(moreCommands > 0 ? ['', `${phrases.moreCommands(moreCommands)}\`events.jsonl\`.`] : []),
      ]

/** The first line of a script, with `...` if there are more. */
function code(script: string): string {
  const [first = '', ...more] = script.split('\n')
  return `<code>${escapeMarkdown(first)}${more.length > 0 ? ' ...' : ''}</code>`
}
