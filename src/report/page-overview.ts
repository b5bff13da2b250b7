import { html, type Markup } from './html.ts'
import { mark, statisticsList, pill, scrollable } from './page-components.ts'
import type { View } from './view.ts'

/** The title block: author, time, machines, command line and result. */
export const titleBlock = ({
  summary,
  title,
  about,
  verdict,
  reasons,
  start,
  hosts,
  machines,
  command,
  messages: messages,
}: View): Markup => {
  const { labels, headings, phrases, moment, duration } = messages
  const fact = (name: string, value: Markup | string | false, wide = ''): Markup | false =>
    value !== false &&
    value !== '' &&
    html`<div${wide !== '' && html` class="wide"`}><dt>${name}</dt><dd>${value}</dd></div>
`
  return html`
<header id="verdict" class="${summary.status}">
<p class="kicker">${headings.labReport}${summary.check && ` · ${labels.checkMode}`}</p>
<h1>${title} <span class="verdict">${verdict}</span></h1>
<ul class="reasons">${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
<dl>
${fact(labels.author, about.author ?? '')}${fact(labels.course, about.course ?? '')}${about.title !== undefined && fact(labels.playbook, summary.playbook)}
${fact(labels.started, moment(summary.startedAt))}${fact(labels.took, duration(summary.durationMs))}${fact(labels.exitCode, html`${summary.exitCode}`)}
${
  start !== undefined &&
  html`${fact(labels.controller, html`${start.controller.hostname} <span class="quiet">${phrases.software(start.controller.platform, start.controller.node, start.version)}</span>`)}
${fact(labels.hosts, hosts)}
${fact(labels.machines, machines.length > 0 && html`${machines.map((line) => html`<div>${line}</div>`)}`, 'wide')}
${fact(labels.commandLine, html`<code>${command}</code>`, 'wide')}
`
}</dl>
</header>
`
}

export const failures = ({ failures, messages: messages }: View): Markup | false =>
  failures.length > 0 &&
  html`
<section id="wrong" class="wrong">
<h2>${messages.headings.failures}</h2>
<ul>${failures.map(
    (task) =>
      html`<li>${pill(task.status, messages)} <a href="#${task.anchor}"><b>${task.host}</b>${messages.phrases.atTask}${task.name}</a> <span class="quiet">${task.play}</span>${
        task.message !== undefined && html`<p>${task.message}</p>`
      }</li>`,
  )}</ul>
</section>
`

export const questions = ({ questions, messages: { headings, labels, tables } }: View): Markup | false =>
  questions.length > 0 &&
  html`
<section id="questions">
<h2>${headings.questions}</h2>
${scrollable(
  headings.questions,
  html`<table class="questions cards">
<caption class="hidden">${tables.questions}</caption>
<thead><tr><th scope="col">${labels.question}</th><th scope="col">${labels.answer}</th></tr></thead>
<tbody>${questions.map(
    ({ question, answers }) => html`
<tr><th scope="row">${question}</th><td><ul class="answers">${answers.map(
      (f) =>
        html`<li class="${f.mark.kind}">${mark(f.mark)}<span><span class="verdict-text">${f.mark.text}</span>: <a href="#finding-${f.slug}">${
          f.statement
        }</a>${f.detail !== undefined && html` <span class="quiet">${f.detail}</span>`}${statisticsList(f.statistics)}</span></li>`,
    )}</ul></td></tr>`,
  )}
</tbody>
</table>`,
)}
</section>
`

export const findings = ({ findings, messages: { headings, labels, tables, phrases } }: View): Markup | false =>
  findings.length > 0 &&
  html`
<section id="findings">
<h2>${headings.findings}</h2>
${scrollable(
  headings.findings,
  html`<table class="findings cards">
<caption class="hidden">${tables.findings}</caption>
<thead><tr><th scope="col">${labels.verdict}</th><th scope="col">${labels.finding}</th><th scope="col">${labels.measured}</th><th scope="col">${labels.evidence}</th></tr></thead>
<tbody>${findings.map(
    (f) => html`
<tr class="${f.mark.kind}"><td class="nowrap">${mark(f.mark)}${f.mark.text}</td><td><a href="#finding-${f.slug}">${f.statement}</a></td><td>${f.detail}${statisticsList(f.statistics)}</td><td>${f.evidence.map(
      (e) =>
        'missing' in e
          ? html`<span class="quiet">${e.missing} (${phrases.notRecorded})</span> `
          : html`<a class="chip" href="#exhibit-${e.slug}">${e.id}</a> `,
    )}</td></tr>`,
  )}
</tbody>
</table>`,
)}
</section>
`

export const hosts = ({
  recap,
  hasUnknown,
  moreHosts,
  messages: { headings, labels, statuses, tables, phrases },
}: View): Markup | false =>
  recap.length > 0 &&
  html`
<section id="hosts">
<h2>${headings.hosts}</h2>
${scrollable(
  headings.hosts,
  html`<table class="recap">
<caption class="hidden">${tables.hosts}</caption>
<thead><tr><th scope="col">${labels.host}</th>${([
    statuses.ok,
    statuses.changed,
    statuses.unreachable,
    statuses.failed,
    statuses.skipped,
    statuses.rescued,
    statuses.ignored,
    ...(hasUnknown ? [statuses.unknown] : []),
  ]).map((name) => html`<th scope="col" class="n">${name}</th>`)}</tr></thead>
<tbody>${recap.map(
    (h) => html`
<tr><th scope="row">${h.host}</th>${count(h.ok, 'ok')}${count(h.changed, 'changed')}${count(h.unreachable, 'unreachable')}${count(h.failed, 'failed')}${count(h.skipped, 'skipped')}${count(h.rescued, 'changed')}${count(h.ignored, 'skipped')}${hasUnknown && count(h.unknown, 'unknown')}</tr>`,
  )}
</tbody>
</table>`,
)}
${moreHosts > 0 && html`<p class="note">${phrases.moreHosts(moreHosts)}summary.json.</p>`}
</section>
`

const count = (value: number, kind: string): Markup => html`<td class="n ${value > 0 ? kind : 'zero'}">${value}</td>`

export const phases = ({ phases, messages: { headings, labels, tables, kinds, duration } }: View): Markup => html`
<section id="phases">
<h2>${headings.phases}</h2>
${scrollable(
  headings.phases,
  html`<table class="phases">
<caption class="hidden">${tables.phases}</caption>
<thead><tr><th scope="col">${labels.phase}</th><th scope="col">${labels.kind}</th><th scope="col" class="n">${labels.hosts}</th><th scope="col" class="n">${labels.took}</th><td class="bars" aria-hidden="true"></td></tr></thead>
<tbody>${phases.map(
    (p) => html`
<tr><th scope="row">${p.name}</th><td>${kinds[p.kind]}</td><td class="n">${p.hosts.length}</td><td class="n nowrap">${duration(p.durationMs)}</td><td class="bars" aria-hidden="true"><i class="${p.kind}" style="width:${p.percent}%"></i></td></tr>`,
  )}
</tbody>
</table>`,
)}
</section>
`
