import { html, type Markup } from './html.ts'
import type { View } from './view.ts'

export const logMessages = ({
  logEvents: logEvents,
  moreLogEvents: moreLogEvents,
  messages: { headings, levels, phrases },
}: View): Markup | false =>
  logEvents.length > 0 &&
  html`
<section id="notices">
<h2>${headings.logMessages}</h2>
<ul class="notices">${logEvents.map(({ level, host, message }) => html`<li class="${level}"><b>${levels[level]}</b>${host !== undefined && html` ${host}`} ${message}</li>`)}</ul>
${moreLogEvents > 0 && html`<p class="note">${phrases.more(moreLogEvents)}events.jsonl.</p>`}
</section>
`

/** Every command that changed a host or is shown as evidence, in the order they ended. */
export const appendix = ({
  commands,
  moreCommands,
  probeCount,
  messages: { headings, phrases, duration },
}: View): Markup | false =>
  commands.length > 0 &&
  html`
<section id="appendix">
<h2>${headings.appendix}</h2>
<p>${phrases.appendix}${probeCount > 0 && html` ${phrases.omittedProbes(probeCount)}events.jsonl.`}</p>
<ol class="commands">${commands.map(
    ({ host, title: what, script, exitCode, durationMs, shown }) => html`
<li><p><b>${host}</b> ${shown === undefined ? what : html`<a href="#exhibit-${shown}">${what}</a>`}${exitCode !== 0 && html` <span class="exit">${phrases.exit(exitCode)}</span>`}${
      durationMs !== null && html` <span class="took">${duration(durationMs)}</span>`
    }</p><pre>${script}</pre></li>`,
  )}
</ol>
${moreCommands > 0 && html`<p class="note">${phrases.moreCommands(moreCommands)}events.jsonl.</p>`}
</section>
`
