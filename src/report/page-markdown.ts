import { markdown } from './format.ts'
import type { LongText } from './task.ts'
import type { ShownExhibit, ShownTask, View } from './view.ts'
import type { Words } from './words/index.ts'

/** Lines of Markdown; `false` is left out. */
type Lines = readonly (string | false)[]

/** The report in Markdown, with images under `img/`. All text from a run is escaped with {@link markdown}. */
export function markdownPage(view: View): string {
  const { heads: headings } = view.words
  const sections: readonly (readonly [anchor: string, heading: string, lines: Lines])[] = [
    ['wrong', headings.wrong, wrong(view)],
    ['questions', headings.questions, questions(view)],
    ['findings', headings.findings, findings(view)],
    ['hosts', headings.hosts, hosts(view)],
    ['phases', headings.phases, phases(view)],
    ['evidence', headings.evidence, evidence(view)],
    ['exhibits', headings.more, moreExhibits(view)],
    ['tasks', headings.tasks, tasks(view)],
    ['notices', headings.notices, logMessages(view)],
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
  words: { heads: headings, labels, says: phrases, moment, duration },
}: View): Lines => [
  `# ${headings.labReport}: ${markdown(title)}`,
  '',
  `**${verdict}**${summary.exitCode === 0 ? '' : ` (${phrases.exit(summary.exitCode)})`}. ${reasons.map((reason) => `${markdown(reason)}. `).join('')}`,
  '',
  '| | |',
  '|---|---|',
  about.author !== undefined && row(labels.author, markdown(about.author)),
  about.course !== undefined && row(labels.course, markdown(about.course)),
  about.title !== undefined && row(labels.playbook, markdown(summary.playbook)),
  row(labels.started, moment(summary.startedAt)),
  row(labels.took, duration(summary.durationMs)),
  ...(start === undefined
    ? []
    : [
        row(
          labels.controller,
          `${markdown(start.controller.hostname)} (${markdown(start.controller.platform)}, Node ${markdown(start.controller.node)})`,
        ),
        row(labels.commandLine, markdown(command)),
        row(labels.hosts, markdown(hosts)),
        machines.length > 0 && row(labels.machines, machines.map(markdown).join('<br>')),
        row('Labbook', markdown(start.version)),
      ]),
]

const wrong = ({ failures, words: { says: phrases, statuses } }: View): Lines =>
  failures.map(
    (task) =>
      `- **${markdown(task.host)}** ${phrases.at(statuses[task.status], markdown(task.name), markdown(task.play))}${prefixed(': ', task.message)}`,
  )

const prefixed = (prefix: string, text: string | undefined): string =>
  text === undefined ? '' : `${prefix}${markdown(text)}`

const questions = ({ questions, words: messages }: View): Lines =>
  questions.flatMap(({ question, answers }) => [
    `**${messages.questions[question]}**`,
    '',
    ...answers.map(
      (f) =>
        `- ${f.mark.sign} ${f.mark.text}: [${markdown(f.statement)}](#finding-${f.slug})${[f.detail, ...f.numbers]
          .filter((text) => text !== undefined)
          .map((text) => `; ${markdown(text)}`)
          .join('')}`,
    ),
    '',
  ])

const findings = ({ findings, words: { labels, says: phrases } }: View): Lines =>
  findings.length === 0
    ? []
    : [
        `| | ${labels.finding} | ${labels.measured} | ${labels.evidence} |`,
        '|---|---|---|---|',
        ...findings.map((f) =>
          row(
            `${f.mark.sign} ${f.mark.text}`,
            `[${markdown(f.statement)}](#finding-${f.slug})`,
            [f.detail, ...f.numbers]
              .filter((text) => text !== undefined)
              .map(markdown)
              .join('<br>'),
            f.evidence
              .map((e) =>
                'missing' in e
                  ? `${markdown(e.missing)} (${phrases.notRecorded})`
                  : `[${markdown(e.id)}](#exhibit-${e.slug})`,
              )
              .join(', '),
          ),
        ),
      ]

const hosts = ({ recap, hasUnknown, moreHosts, words: { labels, statuses, says: phrases } }: View): Lines =>
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
            markdown(h.host),
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

const phases = ({ phases, words: { labels, kinds, duration } }: View): Lines => [
  row(labels.phase, labels.kind, labels.hosts, labels.took),
  '|---|---|---:|---:|',
  ...phases.map((p) => row(markdown(p.name), kinds[p.kind], p.hosts.length, duration(p.durationMs))),
]

const evidence = ({ findings, words: messages }: View): Lines =>
  findings.flatMap((f) => [
    '',
    `<a id="finding-${f.slug}"></a>`,
    '',
    `### ${f.mark.sign} ${markdown(f.statement)}`,
    '',
    `\`${f.slug}\` **${f.mark.text}**${prefixed(': ', f.detail)}`,
    ...(f.hypothesis === undefined ? [] : ['', `${messages.labels.expected}: ${markdown(f.hypothesis)}`]),
    ...(f.numbers.length === 0 ? [] : ['', ...f.numbers.map((line) => `- ${markdown(line)}`)]),
    ...f.own.flatMap((e) => exhibit(e, messages)),
  ])

const moreExhibits = ({ otherExhibits, moreExhibits, words: messages }: View): Lines =>
  otherExhibits.length === 0
    ? []
    : [
        ...otherExhibits.flatMap((e) => exhibit(e, messages)),
        ...(moreExhibits > 0 ? ['', `${messages.says.moreExhibits(moreExhibits)}\`events.jsonl\`.`] : []),
      ]

const exhibit = (e: ShownExhibit, messages: Words): string[] => [
  '',
  `<a id="exhibit-${e.slug}"></a>`,
  '',
  `![${markdown(e.title)}, ${markdown(messages.says.on(e.host))}](img/${e.slug}.svg)`,
  '',
  `*${messages.labels.exhibit} ${markdown(e.id)}: ${markdown(e.title)}. ${markdown(messages.says.taken(e.host, messages.moment(e.start)))}*`,
  ...(e.chart?.problem === undefined ? [] : ['', markdown(messages.charts.notDrawn(e.chart.problem))]),
  ...(e.data.length === 0
    ? []
    : [
        '',
        `${messages.labels.data}: ${e.data
          .map(({ name, file, text }) =>
            text === undefined ? markdown(messages.says.dataElsewhere(name)) : `[${markdown(name)}](${file})`,
          )
          .join(', ')}`,
      ]),
  ...e.long.flatMap((long) => ['', fileOf(long, messages)]),
]

const fileOf = ({ stream, bytes, file }: LongText, { says: phrases, streams }: Words): string =>
  `${phrases.long(bytes, streams[stream])}\`events.jsonl\`${file === undefined ? '' : `${phrases.allOf}[${markdown(file)}](${file})`}.`

const tasks = ({ plays, results, onlyCounted, words: messages }: View): Lines =>
  plays.length === 0
    ? []
    : [
        onlyCounted > 0 && `${messages.says.onlyCounted(results, onlyCounted)}\`events.jsonl\`.`,
        ...plays.flatMap((play) => [
          '',
          `### ${markdown(play.name)}`,
          ...play.hosts.flatMap(({ host, counts, details }) => [
            '',
            `**${markdown(host)}**: ${(Object.entries(counts) as [keyof typeof counts, number][]).map(([status, n]) => `${n} ${messages.statuses[status]}`).join(', ')}`,
            ...(details.length > 0 ? ['', ...details.flatMap((task) => detail(task, messages))] : []),
          ]),
          ...(play.moreHosts > 0 ? ['', `${messages.says.moreHostsIn(play.moreHosts)}\`events.jsonl\`.`] : []),
        ]),
      ]

const detail = (task: ShownTask, messages: Words): string[] => [
  `- ${messages.statuses[task.status]}${task.ignored ? ` (${messages.labels.ignored})` : ''}: ${markdown(task.name)} (${messages.duration(task.durationMs)})${prefixed('. ', task.message)}${
    task.status === 'unknown' && task.changes.length > 0 ? `. ${messages.labels.asThingsAre}` : ''
  }`,
  ...task.changes.map(({ description }) => `  - ${markdown(description)}`),
  ...task.commands.flatMap(({ long }) => long.map((each) => `  - ${fileOf(each, messages)}`)),
]

const logMessages = ({
  notices: logEvents,
  moreNotices: moreLogEvents,
  words: { levels, says: phrases },
}: View): Lines =>
  logEvents.length === 0
    ? []
    : [
        ...logEvents.map(
          ({ level, host, message }) => `- ${levels[level]}${prefixed(', ', host)}: ${markdown(message)}`,
        ),
        ...(moreLogEvents > 0 ? ['', `${phrases.more(moreLogEvents)}\`events.jsonl\`.`] : []),
      ]

const appendix = ({ commands, moreCommands, looks: probeCount, words: { says: phrases } }: View): Lines =>
  commands.length === 0
    ? []
    : [
        `${phrases.appendix}${probeCount > 0 ? ` ${phrases.looks(probeCount)}\`events.jsonl\`.` : ''}`,
        '',
        ...commands.map(
          ({ host, what, script, exitCode }, i) =>
            `${i + 1}. **${markdown(host)}** ${markdown(what)}${exitCode === 0 ? '' : ` (${phrases.exit(exitCode)})`}: ${code(script)}`,
        ),
        ...(moreCommands > 0 ? ['', `${phrases.moreCommands(moreCommands)}\`events.jsonl\`.`] : []),
      ]

/** The first line of a script, with `...` if there are more. */
function code(script: string): string {
  const [first = '', ...more] = script.split('\n')
  return `<code>${markdown(first)}${more.length > 0 ? ' ...' : ''}</code>`
}
