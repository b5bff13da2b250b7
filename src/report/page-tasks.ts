import type { QuietTask } from './report-data.ts'
import { html, type Markup } from './html.ts'
import { longOutputNotes, pill } from './page-components.ts'
import type { TaskView, View } from './view.ts'
import type { Messages } from './messages/index.ts'

type Host = View['plays'][number]['hosts'][number]

/** Task results by play and host. */
export const tasks = ({ plays, results, onlyCounted, messages: messages }: View): Markup => html`
<section id="tasks">
<h2>${messages.headings.tasks}</h2>
${onlyCounted > 0 && html`<p class="note">${messages.phrases.onlyCounted(results, onlyCounted)}events.jsonl.</p>`}
${plays.length === 0 && html`<p class="quiet">${messages.labels.noTasks}</p>`}
${plays.map(
  (play, i) => html`<h3 id="play-${i + 1}">${play.name}</h3>
${play.hosts.map((host) => hostTasks(host, messages))}
${play.moreHosts > 0 && html`<p class="note">${messages.phrases.moreHostsIn(play.moreHosts)}events.jsonl.</p>`}`,
)}
</section>
`

const hostTasks = ({ host, counts, details, quiet }: Host, messages: Messages): Markup => html`<div class="host">
<h4>${host} <span class="counts">${(Object.entries(counts) as [keyof typeof counts, number][]).map(
  ([status, n]) => html`<span class="${status}">${n} ${messages.statuses[status]}</span> `,
)}</span></h4>
${details.map((task) => detail(task, messages))}${
  quiet.length > 0 &&
  html`<details class="task calm"><summary><span class="name quiet">${messages.phrases.unchangedTasks(quiet.length)}</span></summary><ul class="inside">${quiet.map(
    (task) => quietLine(task, messages),
  )}</ul></details>`
}
</div>
`

const quietLine = ({ status, name, message, durationMs }: QuietTask, messages: Messages): Markup =>
  html`<li>${pill(status, messages)} ${name}${message !== undefined && html` <span class="quiet">${message}</span>`}<span class="took">${messages.duration(durationMs)}</span></li>`

const detail = (task: TaskView, messages: Messages): Markup => html`
<details class="task ${task.status}" id="${task.anchor}"${(task.status === 'failed' || task.status === 'unreachable') && !task.ignored && !task.rescued && html` open`}>
<summary>${pill(task.status, messages)} <span class="name">${task.name}</span>${[
  ...(task.ignored ? [messages.labels.ignored] : []),
  ...(task.rescued ? [messages.statuses.rescued] : []),
  ...(task.handler ? [messages.labels.handler] : []),
  ...(task.delegatedTo === undefined ? [] : [messages.phrases.on(task.delegatedTo)]),
  ...(task.attempts > 1 ? [messages.phrases.attempts(task.attempts)] : []),
].map(
  (remark) => html` <span class="quiet">${remark}</span>`,
)}<span class="took">${messages.duration(task.durationMs)}</span></summary>
<div class="inside">
${task.message !== undefined && html`<p class="message">${task.message}</p>`}
${task.status === 'unknown' && task.changes.length > 0 && html`<p class="quiet">${messages.labels.wouldChange}</p>`}
${task.changes.map(
  ({ description, subject, diff }) => html`
<p class="change">${description}</p>
${
  diff.length > 0 &&
  html`<div class="block"><span>${subject}</span><pre class="diff">${diff.map(
    ({ kind, text }) => html`<span class="${kind}">${text}
</span>`,
  )}</pre></div>`
}`,
)}
${task.commands.map(
  ({ kind, script, stdout, stderr, exitCode, long }) => html`
${block(messages.blocks[kind], script, 'script')}
${block(messages.blocks.output, stdout, '')}
${block(messages.blocks.errors, stderr, 'errors')}
${longOutputNotes(long, messages)}${exitCode !== 0 && html`<p class="exit">${messages.phrases.exit(exitCode)}</p>`}`,
)}
</div>
</details>
`

const block = (label: string, text: string, kind: string): Markup | false =>
  text !== '' && html`<div class="block ${kind}"><span>${label}</span><pre>${text}</pre></div>`
