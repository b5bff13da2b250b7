import { markdown } from './format.ts'
import type { LongText } from './task.ts'
import type { ShownExhibit, ShownTask, View } from './view.ts'
import type { Words } from './words/index.ts'

/** Lines of Markdown; one that is not there stands for nothing. */
type Lines = readonly (string | false)[]

/**
 * The report in Markdown, with the pictures as files under `img/`. Everything from a run goes through {@link markdown}.
 */
export function markdownPage(view: View): string {
  const { heads } = view.words
  const sections: readonly (readonly [anchor: string, head: string, lines: Lines])[] = [
    ['wrong', heads.wrong, wrong(view)],
    ['questions', heads.questions, questions(view)],
    ['findings', heads.findings, findings(view)],
    ['hosts', heads.hosts, hosts(view)],
    ['phases', heads.phases, phases(view)],
    ['evidence', heads.evidence, evidence(view)],
    ['exhibits', heads.more, moreExhibits(view)],
    ['tasks', heads.tasks, tasks(view)],
    ['notices', heads.notices, notices(view)],
    ['appendix', heads.appendix, appendix(view)],
  ]
  const shown = sections.filter(([, , lines]) => lines.length > 0)
  const parts: Lines[] = [
    front(view),
    shown.map(([anchor, head]) => `- [${head}](#${anchor})`),
    ...shown.map(([anchor, head, lines]) => [`<a id="${anchor}"></a>`, '', `## ${head}`, '', ...lines]),
  ]
  return `${parts
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
  words: { heads, labels, says, moment, duration },
}: View): Lines => [
  `# ${heads.labReport}: ${markdown(title)}`,
  '',
  `**${verdict}**${summary.exitCode === 0 ? '' : ` (${says.exit(summary.exitCode)})`}. ${reasons.map((reason) => `${markdown(reason)}. `).join('')}`,
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

const wrong = ({ failures, words: { says, statuses } }: View): Lines =>
  failures.map(
    (task) =>
      `- **${markdown(task.host)}** ${says.at(statuses[task.status], markdown(task.name), markdown(task.play))}${said(': ', task.message)}`,
  )

const said = (before: string, text: string | undefined): string =>
  text === undefined ? '' : `${before}${markdown(text)}`

const questions = ({ questions, words }: View): Lines =>
  questions.flatMap(({ question, answers }) => [
    `**${words.questions[question]}**`,
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

const findings = ({ findings, words: { labels, says } }: View): Lines =>
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
                  ? `${markdown(e.missing)} (${says.notRecorded})`
                  : `[${markdown(e.id)}](#exhibit-${e.slug})`,
              )
              .join(', '),
          ),
        ),
      ]

const hosts = ({ recap, hasUnknown, moreHosts, words: { labels, statuses, says } }: View): Lines =>
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
        ...(moreHosts > 0 ? ['', `${says.moreHosts(moreHosts)}\`summary.json\`.`] : []),
      ]

const phases = ({ phases, words: { labels, kinds, duration } }: View): Lines => [
  row(labels.phase, labels.kind, labels.hosts, labels.took),
  '|---|---|---:|---:|',
  ...phases.map((p) => row(markdown(p.name), kinds[p.kind], p.hosts.length, duration(p.durationMs))),
]

const evidence = ({ findings, words }: View): Lines =>
  findings.flatMap((f) => [
    '',
    `<a id="finding-${f.slug}"></a>`,
    '',
    `### ${f.mark.sign} ${markdown(f.statement)}`,
    '',
    `\`${f.slug}\` **${f.mark.text}**${said(': ', f.detail)}`,
    ...(f.hypothesis === undefined ? [] : ['', `${words.labels.expected}: ${markdown(f.hypothesis)}`]),
    ...(f.numbers.length === 0 ? [] : ['', ...f.numbers.map((line) => `- ${markdown(line)}`)]),
    ...f.own.flatMap((e) => exhibit(e, words)),
  ])

const moreExhibits = ({ otherExhibits, moreExhibits, words }: View): Lines =>
  otherExhibits.length === 0
    ? []
    : [
        ...otherExhibits.flatMap((e) => exhibit(e, words)),
        ...(moreExhibits > 0 ? ['', `${words.says.moreExhibits(moreExhibits)}\`events.jsonl\`.`] : []),
      ]

const exhibit = (e: ShownExhibit, words: Words): string[] => [
  '',
  `<a id="exhibit-${e.slug}"></a>`,
  '',
  `![${markdown(e.title)}, ${markdown(words.says.on(e.host))}](img/${e.slug}.svg)`,
  '',
  `*${words.labels.exhibit} ${markdown(e.id)}: ${markdown(e.title)}. ${markdown(words.says.taken(e.host, words.moment(e.start)))}*`,
  ...(e.chart?.problem === undefined ? [] : ['', markdown(words.charts.notDrawn(e.chart.problem))]),
  ...(e.data.length === 0
    ? []
    : [
        '',
        `${words.labels.data}: ${e.data
          .map(({ name, file, text }) =>
            text === undefined ? markdown(words.says.dataElsewhere(name)) : `[${markdown(name)}](${file})`,
          )
          .join(', ')}`,
      ]),
  ...e.long.flatMap((long) => ['', fileOf(long, words)]),
]

const fileOf = ({ stream, bytes, file }: LongText, { says, streams }: Words): string =>
  `${says.long(bytes, streams[stream])}\`events.jsonl\`${file === undefined ? '' : `${says.allOf}[${markdown(file)}](${file})`}.`

const tasks = ({ plays, results, onlyCounted, words }: View): Lines =>
  plays.length === 0
    ? []
    : [
        onlyCounted > 0 && `${words.says.onlyCounted(results, onlyCounted)}\`events.jsonl\`.`,
        ...plays.flatMap((play) => [
          '',
          `### ${markdown(play.name)}`,
          ...play.hosts.flatMap(({ host, counts, details }) => [
            '',
            `**${markdown(host)}**: ${(Object.entries(counts) as [keyof typeof counts, number][]).map(([status, n]) => `${n} ${words.statuses[status]}`).join(', ')}`,
            ...(details.length > 0 ? ['', ...details.flatMap((task) => detail(task, words))] : []),
          ]),
          ...(play.moreHosts > 0 ? ['', `${words.says.moreHostsIn(play.moreHosts)}\`events.jsonl\`.`] : []),
        ]),
      ]

const detail = (task: ShownTask, words: Words): string[] => [
  `- ${words.statuses[task.status]}${task.ignored ? ` (${words.labels.ignored})` : ''}: ${markdown(task.name)} (${words.duration(task.durationMs)})${said('. ', task.message)}${
    task.status === 'unknown' && task.changes.length > 0 ? `. ${words.labels.asThingsAre}` : ''
  }`,
  ...task.changes.map(({ description }) => `  - ${markdown(description)}`),
  ...task.commands.flatMap(({ long }) => long.map((each) => `  - ${fileOf(each, words)}`)),
]

const notices = ({ notices, moreNotices, words: { levels, says } }: View): Lines =>
  notices.length === 0
    ? []
    : [
        ...notices.map((n) => `- ${levels[n.level]}${said(', ', n.host)}: ${markdown(n.message)}`),
        ...(moreNotices > 0 ? ['', `${says.more(moreNotices)}\`events.jsonl\`.`] : []),
      ]

const appendix = ({ commands, moreCommands, looks, words: { says } }: View): Lines =>
  commands.length === 0
    ? []
    : [
        `${says.appendix}${looks > 0 ? ` ${says.looks(looks)}\`events.jsonl\`.` : ''}`,
        '',
        ...commands.map(
          ({ host, what, script, exitCode }, i) =>
            `${i + 1}. **${markdown(host)}** ${markdown(what)}${exitCode === 0 ? '' : ` (${says.exit(exitCode)})`}: ${code(script)}`,
        ),
        ...(moreCommands > 0 ? ['', `${says.moreCommands(moreCommands)}\`events.jsonl\`.`] : []),
      ]

/** The first line of a script; a script of more has dots. */
function code(script: string): string {
  const [first = '', ...more] = script.split('\n')
  return `<code>${markdown(first)}${more.length > 0 ? ' ...' : ''}</code>`
}
