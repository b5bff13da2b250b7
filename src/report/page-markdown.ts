import { duration, markdown, moment, number, plural } from './format.ts'
import type { LongText } from './task.ts'
import type { ShownExhibit, ShownTask, View } from './view.ts'

/** Lines of Markdown; one that is not there stands for nothing. */
type Lines = readonly (string | false)[]

/** The report in Markdown, with the pictures as files under `img/`. Everything from a run goes through {@link markdown}. */
export function markdownPage(view: View): string {
  const parts = [verdict(view), wrong(view), findings(view), hosts(view), phases(view), evidence(view), moreExhibits(view), tasks(view), notices(view)]
  return `${parts.map((lines) => lines.filter((line) => line !== false).join('\n')).filter((part) => part !== '').join('\n\n')}\n`
}

const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

const verdict = ({ title, verdict, summary, reasons, start, command, hosts }: View): Lines => [
  `# Lab report: ${markdown(title)}`,
  '',
  `**${verdict}**${summary.exitCode === 0 ? '' : ` (exit code ${summary.exitCode})`}. ${reasons.map((reason) => `${markdown(reason)}. `).join('')}`,
  '',
  '| | |',
  '|---|---|',
  row('Started', moment(summary.startedAt)),
  row('Took', duration(summary.durationMs)),
  ...(start === undefined ? [] : [
    row('Controller', `${markdown(start.controller.hostname)} (${markdown(start.controller.platform)}, Node ${markdown(start.controller.node)})`),
    row('Command line', markdown(command)),
    row('Hosts', markdown(hosts)),
    row('Labbook', markdown(start.version)),
  ]),
]

const wrong = ({ failures }: View): Lines => failures.length === 0 ? [] : [
  '## What went wrong',
  '',
  ...failures.map((task) => `- **${markdown(task.host)}** ${task.status} at «${markdown(task.name)}» (${markdown(task.play)})${said(': ', task.message)}`),
]

const said = (before: string, text: string | undefined): string => (text === undefined ? '' : `${before}${markdown(text)}`)

const findings = ({ findings }: View): Lines => findings.length === 0 ? [] : [
  '## Findings',
  '',
  '| | Finding | Measured | Evidence |',
  '|---|---|---|---|',
  ...findings.map((f) => row(
    `${f.mark.sign} ${f.mark.text}`,
    `[${markdown(f.statement)}](#finding-${f.slug})`,
    said('', f.detail),
    f.evidence.map((e) => ('missing' in e ? `${markdown(e.missing)} (not recorded)` : `[${markdown(e.id)}](#exhibit-${e.slug})`)).join(', '),
  )),
]

const hosts = ({ recap, hasUnknown, moreHosts }: View): Lines => recap.length === 0 ? [] : [
  '## Hosts',
  '',
  `| Host | ok | changed | unreachable | failed | skipped | rescued | ignored |${hasUnknown ? ' cannot tell |' : ''}`,
  `|---|---:|---:|---:|---:|---:|---:|---:|${hasUnknown ? '---:|' : ''}`,
  ...recap.map((h) => row(markdown(h.host), h.ok, h.changed, h.unreachable, h.failed, h.skipped, h.rescued, h.ignored, ...(hasUnknown ? [h.unknown] : []))),
  ...(moreHosts > 0 ? ['', `${plural(moreHosts, 'host')} more, without a failure, in \`summary.json\`.`] : []),
]

const phases = ({ phases }: View): Lines => [
  '## Phases',
  '',
  '| Phase | Kind | Hosts | Took |',
  '|---|---|---:|---:|',
  ...phases.map((p) => row(markdown(p.name), p.kind, p.hosts.length, duration(p.durationMs))),
]

const evidence = ({ findings }: View): Lines => findings.length === 0 ? [] : [
  '## Evidence',
  ...findings.flatMap((f) => [
    '',
    `<a id="finding-${f.slug}"></a>`,
    '',
    `### ${f.mark.sign} ${markdown(f.statement)}`,
    '',
    `\`${f.slug}\` **${f.mark.text}**${said(': ', f.detail)}`,
    ...f.own.flatMap(exhibit),
  ]),
]

const moreExhibits = ({ otherExhibits, moreExhibits }: View): Lines => otherExhibits.length === 0 ? [] : [
  '## More exhibits',
  ...otherExhibits.flatMap(exhibit),
  ...(moreExhibits > 0 ? ['', `${plural(moreExhibits, 'exhibit')} more in \`events.jsonl\`.`] : []),
]

const exhibit = (e: ShownExhibit): string[] => [
  '',
  `<a id="exhibit-${e.slug}"></a>`,
  '',
  `![${markdown(e.title)}, on ${markdown(e.host)}](img/${e.slug}.svg)`,
  '',
  `*Exhibit ${markdown(e.id)}: ${markdown(e.title)}. Taken on ${markdown(e.host)}, ${moment(e.start)}.*`,
  ...e.long.flatMap((long) => ['', file(long)]),
]

const file = ({ stream, bytes, file }: LongText): string =>
  `${number(bytes)} bytes of ${stream}; the first and last of them are in \`events.jsonl\`${
    file === undefined ? '' : `, all of them in [${markdown(file)}](${file})`}.`

const tasks = ({ plays, results, onlyCounted }: View): Lines => plays.length === 0 ? [] : [
  '## Tasks',
  ...(onlyCounted > 0
    ? ['', `${plural(results, 'result')} are in the journal; ${plural(onlyCounted, 'result')} are only counted here. All of them are in \`events.jsonl\`.`]
    : []),
  ...plays.flatMap((play) => [
    '',
    `### ${markdown(play.name)}`,
    ...play.hosts.flatMap(({ host, counts, details }) => [
      '',
      `**${markdown(host)}**: ${Object.entries(counts).map(([status, n]) => `${n} ${worded(status)}`).join(', ')}`,
      ...(details.length > 0 ? ['', ...details.flatMap(detail)] : []),
    ]),
    ...(play.moreHosts > 0 ? ['', `${plural(play.moreHosts, 'host')} more in \`events.jsonl\`.`] : []),
  ]),
]

const worded = (status: string): string => (status === 'unknown' ? 'cannot tell' : status)

const detail = (task: ShownTask): string[] => [
  `- ${worded(task.status)}${task.ignored ? ' (ignored)' : ''}: ${markdown(task.name)} (${duration(task.durationMs)})${said('. ', task.message)}${
    task.status === 'unknown' && task.changes.length > 0 ? '. As things are now it would:' : ''}`,
  ...task.changes.map(({ description }) => `  - ${markdown(description)}`),
  ...task.commands.flatMap(({ long }) => long.map((each) => `  - ${file(each)}`)),
]

const notices = ({ notices, moreNotices }: View): Lines => notices.length === 0 ? [] : [
  '## Notices',
  '',
  ...notices.map((n) => `- ${n.level}${said(', ', n.host)}: ${markdown(n.message)}`),
  ...(moreNotices > 0 ? ['', `${number(moreNotices)} more in \`events.jsonl\`.`] : []),
]
