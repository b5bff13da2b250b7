import type { ReportDocument } from './document.ts'
import { html, type Markup } from './html.ts'
import { mark, scrollable } from './page-components.ts'
import { EVIDENCE_FILE } from './page-document.ts'
import { drawTopology } from './topology-svg.ts'
import type { View } from './view.ts'

/** The title page: title, author, course, date, and the result in numbers. */
export const front = ({ title, about, verdict, reasons, summary, messages }: View): Markup => {
  const { headings, labels, moment, duration } = messages
  const fact = (name: string, value: string): Markup | false =>
    value !== '' &&
    html`<div><dt>${name}</dt><dd>${value}</dd></div>
`
  return html`
<header id="verdict" class="${summary.status}">
<p class="kicker">${headings.labReport}${summary.check && ` · ${labels.checkMode}`}</p>
<h1>${title} <span class="verdict">${verdict}</span></h1>
<ul class="reasons">${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
<dl>
${fact(labels.author, about.author ?? '')}${fact(labels.course, about.course ?? '')}${fact(labels.started, moment(summary.startedAt))}${fact(labels.took, duration(summary.durationMs))}
</dl>
</header>
`
}

/** What is asked, on which machines, and how they are connected. */
export const aim = (view: View, document: ReportDocument): Markup => {
  const { messages, topology, machines, findings, exhibits, start, hosts, command, runs } = view
  const { headings, labels, phrases } = messages
  const asked = document.sections.flatMap(({ questions }) => questions).length
  return html`
<section id="aim">
<h2>${headings.aim}</h2>
<p>${asked > 0 ? phrases.aim(asked, document.sections.map(({ title }) => title).join(', ')) : phrases.aimWithoutQuestions}${
    findings.length > 0 && ` ${phrases.method(findings.length, exhibits.length)}`
  }</p>
<dl>
${start !== undefined && html`<div class="wide"><dt>${labels.hosts}</dt><dd>${hosts}</dd></div>`}
${machines.length > 0 && html`<div class="wide"><dt>${labels.machines}</dt><dd>${machines.map((line) => html`<div>${line}</div>`)}</dd></div>`}
${
  start !== undefined &&
  html`<div class="wide"><dt>${labels.controller}</dt><dd>${start.controller.hostname} <span class="quiet">${phrases.software(start.controller.platform, start.controller.node, start.version)}</span></dd></div>
${
  // Each of several runs has its own, in the table of runs.
  runs.length <= 1 && html`<div class="wide"><dt>${labels.commandLine}</dt><dd><code>${command}</code></dd></div>`
}`
}
</dl>
${
  topology.nodes.length > 0 &&
  html`<figure class="exhibit" id="topology">
${scrollable(messages.topology.title, drawTopology(topology, messages), 'screen')}
<figcaption>${messages.topology.title}</figcaption>
</figure>`
}
</section>
`
}

/** The most important numbers, each with the verdict of its finding. */
export const keyResults = ({ tiles }: ReportDocument, { headings }: View['messages']): Markup | false =>
  tiles.length > 0 &&
  html`
<section id="key-results">
<h2>${headings.keyResults}</h2>
<ul class="tiles">${tiles.map(
    ({ value, unit, label, finding }) =>
      html`<li class="${finding.mark.kind}"><span class="value">${value}${unit !== '' && html` <span class="unit">${unit}</span>`}</span> <span class="label">${label}</span> <span class="tile-mark">${mark(finding.mark)}${finding.mark.text}</span> <a class="anchor" href="${EVIDENCE_FILE}#finding-${finding.slug}">${finding.id}</a></li>`,
  )}</ul>
</section>
`

export const limits = ({ limits: lines }: ReportDocument, { headings }: View['messages']): Markup | false =>
  lines.length > 0 &&
  html`
<section id="limits">
<h2>${headings.limits}</h2>
<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>
</section>
`

export const references = ({ references: links }: ReportDocument, { headings }: View['messages']): Markup | false =>
  links.length > 0 &&
  html`
<section id="references">
<h2>${headings.references}</h2>
<ol>${links.map(({ title, url }) => html`<li>${title}: <a href="${url}">${url}</a></li>`)}</ol>
</section>
`

/** The runs of the report, and the way to all evidence. */
export const runsTable = ({ runs, messages }: View): Markup => {
  const { headings, labels, tables, verdicts, moment, duration } = messages
  return html`
<section id="runs">
<h2>${headings.runs}</h2>
<p><a href="${EVIDENCE_FILE}">${EVIDENCE_FILE}</a>: ${labels.allExhibits}</p>
${
  runs.length > 0 &&
  scrollable(
    headings.runs,
    html`<table class="runs cards">
<caption class="hidden">${tables.runs}</caption>
<thead><tr><th scope="col">${labels.run}</th><th scope="col">${labels.verdict}</th><th scope="col">${labels.started}</th><th scope="col">${labels.took}</th><th scope="col">${labels.commandLine}</th></tr></thead>
<tbody>${runs.map(
      ({ name, start, end }) =>
        html`<tr><th scope="row">${name}</th><td>${verdicts[end?.status ?? 'interrupted']}</td><td>${moment(start.time)}</td><td class="nowrap">${end === undefined ? '' : duration(end.durationMs)}</td><td><code>${start.argv.join(' ')}</code></td></tr>`,
    )}</tbody>
</table>`,
  )
}
</section>
`
}
