import type { QuietTask } from './facts.ts'
import { html, type Markup } from './html.ts'
import { filesOf, pill } from './page-parts.ts'
import type { ShownTask, View } from './view.ts'
import type { Words } from './words/index.ts'

type Host = View['plays'][number]['hosts'][number]

/** What was done, play by play and host by host. */
export const tasks = ({ plays, results, onlyCounted, words }: View): Markup => html`
<section id="tasks">
<h2>${words.heads.tasks}</h2>
${onlyCounted > 0 && html`<p class="note">${words.says.onlyCounted(results, onlyCounted)}events.jsonl.</p>`}
${plays.length === 0 && html`<p class="quiet">${words.labels.noTask}</p>`}
${plays.map(
  (play, i) => html`<h3 id="play-${i + 1}">${play.name}</h3>
${play.hosts.map((one) => host(one, words))}
${play.moreHosts > 0 && html`<p class="note">${words.says.moreHostsIn(play.moreHosts)}events.jsonl.</p>`}`,
)}
</section>
`

const host = ({ host, counts, details, quiet }: Host, words: Words): Markup => html`<div class="host">
<h4>${host} <span class="counts">${(Object.entries(counts) as [keyof typeof counts, number][]).map(
  ([status, n]) => html`<span class="${status}">${n} ${words.statuses[status]}</span> `,
)}</span></h4>
${details.map((task) => detail(task, words))}${
  quiet.length > 0 &&
  html`<details class="task calm"><summary><span class="name quiet">${words.says.calm(quiet.length)}</span></summary><ul class="inside">${quiet.map(
    (task) => line(task, words),
  )}</ul></details>`
}
</div>
`

const line = ({ status, name, message, durationMs }: QuietTask, words: Words): Markup =>
  html`<li>${pill(status, words)} ${name}${message !== undefined && html` <span class="quiet">${message}</span>`}<span class="took">${words.duration(durationMs)}</span></li>`

const detail = (task: ShownTask, words: Words): Markup => html`
<details class="task ${task.status}" id="${task.anchor}"${(task.status === 'failed' || task.status === 'unreachable') && !task.ignored && html` open`}>
<summary>${pill(task.status, words)} <span class="name">${task.name}</span>${[
  ...(task.ignored ? [words.labels.ignored] : []),
  ...(task.handler ? [words.labels.handler] : []),
  ...(task.delegatedTo === undefined ? [] : [words.says.on(task.delegatedTo)]),
  ...(task.attempts > 1 ? [words.says.attempts(task.attempts)] : []),
].map(
  (aside) => html` <span class="quiet">${aside}</span>`,
)}<span class="took">${words.duration(task.durationMs)}</span></summary>
<div class="inside">
${task.message !== undefined && html`<p class="message">${task.message}</p>`}
${task.status === 'unknown' && task.changes.length > 0 && html`<p class="quiet">${words.labels.asThingsAre}</p>`}
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
${block(words.blocks[kind], script, 'script')}
${block(words.blocks.output, stdout, '')}
${block(words.blocks.errors, stderr, 'errors')}
${filesOf(long, words)}${exitCode !== 0 && html`<p class="exit">${words.says.exit(exitCode)}</p>`}`,
)}
</div>
</details>
`

const block = (label: string, text: string, kind: string): Markup | false =>
  text !== '' && html`<div class="block ${kind}"><span>${label}</span><pre>${text}</pre></div>`
