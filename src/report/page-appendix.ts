import { html, type Markup } from './html.ts'
import type { View } from './view.ts'

export const notices = ({ notices, moreNotices, words: { heads, levels, says } }: View): Markup | false =>
  notices.length > 0 &&
  html`
<section id="notices">
<h2>${heads.notices}</h2>
<ul class="notices">${notices.map((n) => html`<li class="${n.level}"><b>${levels[n.level]}</b>${n.host !== undefined && html` ${n.host}`} ${n.message}</li>`)}</ul>
${moreNotices > 0 && html`<p class="note">${says.more(moreNotices)}events.jsonl.</p>`}
</section>
`

/** Every command that changed a machine or is shown as evidence, in the order it ended. */
export const appendix = ({ commands, moreCommands, looks, words: { heads, says, duration } }: View): Markup | false =>
  commands.length > 0 &&
  html`
<section id="appendix">
<h2>${heads.appendix}</h2>
<p>${says.appendix}${looks > 0 && html` ${says.looks(looks)}events.jsonl.`}</p>
<ol class="commands">${commands.map(
    ({ host, what, script, exitCode, durationMs, shown }) => html`
<li><p><b>${host}</b> ${shown === undefined ? what : html`<a href="#exhibit-${shown}">${what}</a>`}${exitCode !== 0 && html` <span class="exit">${says.exit(exitCode)}</span>`}${
      durationMs !== null && html` <span class="took">${duration(durationMs)}</span>`
    }</p><pre>${script}</pre></li>`,
  )}
</ol>
${moreCommands > 0 && html`<p class="note">${says.moreCommands(moreCommands)}events.jsonl.</p>`}
</section>
`
