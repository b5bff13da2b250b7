import type { QuietTask } from './facts.ts'
import { duration, plural } from './format.ts'
import { html, type Markup } from './html.ts'
import { filesOf, pill } from './page-parts.ts'
import type { ShownTask, View } from './view.ts'

type Host = View['plays'][number]['hosts'][number]

/** What was done, play by play and host by host. */
export const tasks = ({ plays, results, onlyCounted }: View): Markup => html`
<section id="tasks">
<h2>Tasks</h2>
${onlyCounted > 0 && html`<p class="note">${plural(results, 'result')} are in the journal; ${plural(onlyCounted, 'result')} are only counted here. All of them are in events.jsonl.</p>`}
${plays.length === 0 && html`<p class="quiet">No task has run.</p>`}
${plays.map((play, i) => html`<h3 id="play-${i + 1}">${play.name}</h3>
${play.hosts.map(host)}
${play.moreHosts > 0 && html`<p class="note">${plural(play.moreHosts, 'host')} more in events.jsonl.</p>`}`)}
</section>
`

const host = ({ host, counts, details, quiet }: Host): Markup => html`<div class="host">
<h4>${host} <span class="counts">${Object.entries(counts).map(([status, n]) =>
  html`<span class="${status}">${n} ${status === 'unknown' ? 'cannot tell' : status}</span>`)}</span></h4>
${details.map(detail)}${quiet.length > 0 && html`<details class="task calm"><summary><span class="name quiet">${plural(quiet.length, 'task')} without a change</span></summary><ul class="inside">${quiet.map(line)}</ul></details>`}
</div>
`

const line = ({ status, name, message, durationMs }: QuietTask): Markup =>
  html`<li>${pill(status)} ${name}${message !== undefined && html` <span class="quiet">${message}</span>`}<span class="took">${duration(durationMs)}</span></li>`

const detail = (task: ShownTask): Markup => html`
<details class="task ${task.status}" id="${task.anchor}"${(task.status === 'failed' || task.status === 'unreachable') && !task.ignored && html` open`}>
<summary>${pill(task.status)} <span class="name">${task.name}</span>${[
  ...(task.ignored ? ['ignored'] : []),
  ...(task.handler ? ['handler'] : []),
  ...(task.delegatedTo === undefined ? [] : [`on ${task.delegatedTo}`]),
  ...(task.attempts > 1 ? [`${task.attempts} attempts`] : []),
].map((aside) => html` <span class="quiet">${aside}</span>`)}<span class="took">${duration(task.durationMs)}</span></summary>
<div class="inside">
${task.message !== undefined && html`<p class="message">${task.message}</p>`}
${task.status === 'unknown' && task.changes.length > 0 && html`<p class="quiet">As things are now it would:</p>`}
${task.changes.map(({ description, subject, diff }) => html`
<p class="change">${description}</p>
${diff.length > 0 && html`<div class="block"><span>${subject}</span><pre class="diff">${diff.map(({ kind, text }) => html`<span class="${kind}">${text}
</span>`)}</pre></div>`}`)}
${task.commands.map(({ kind, script, stdout, stderr, exitCode, long }) => html`
${block(kind, script, 'script')}
${block('output', stdout, '')}
${block('errors', stderr, 'errors')}
${filesOf(long)}${exitCode !== 0 && html`<p class="exit">exit code ${exitCode}</p>`}`)}
</div>
</details>
`

const block = (label: string, text: string, kind: string): Markup | false =>
  text !== '' && html`<div class="block ${kind}"><span>${label}</span><pre>${text}</pre></div>`
