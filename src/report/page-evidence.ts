import { html, Markup } from './html.ts'
import { longOutputNotes, mark, statisticsList, scrollable } from './page-components.ts'
import type { ExhibitView, View } from './view.ts'
import type { Messages } from './messages/index.ts'

/** Each finding with its exhibits. */
export const evidence = ({ findings, messages: messages }: View): Markup | false =>
  findings.length > 0 &&
  html`
<section id="evidence">
<h2>${messages.headings.evidence}</h2>
${findings.map(
  (f) => html`
<article class="finding ${f.mark.kind}" id="finding-${f.slug}" aria-labelledby="head-finding-${f.slug}">
<h3 id="head-finding-${f.slug}">${mark(f.mark)}${f.statement}</h3>
<p><span class="verdict-text">${f.mark.text}</span>${f.detail !== undefined && html`: ${f.detail}`} <a class="anchor" href="#finding-${f.slug}">${f.id}</a></p>
${f.hypothesis !== undefined && html`<p class="quiet">${messages.labels.expected}: ${f.hypothesis}</p>`}
${statisticsList(f.statistics)}
${f.own.map((e) => exhibit(e, messages))}
${
  f.own.length < f.evidence.length &&
  html`<p class="quiet">${f.own.length > 0 ? messages.labels.seeAlso : messages.labels.see} ${f.evidence.map((e) =>
    'missing' in e
      ? html`${e.missing} (${messages.phrases.notRecorded}) `
      : !f.own.includes(e) && html`<a href="#exhibit-${e.slug}">${e.id}</a> `,
  )}</p>`
}
</article>
`,
)}
</section>
`

/** Exhibits that no finding refers to. */
export const moreExhibits = ({ otherExhibits, moreExhibits, messages: messages }: View): Markup | false =>
  otherExhibits.length > 0 &&
  html`
<section id="exhibits">
<h2>${messages.headings.otherExhibits}</h2>
${otherExhibits.map((e) => exhibit(e, messages))}
${moreExhibits > 0 && html`<p class="note">${messages.phrases.moreExhibits(moreExhibits)}events.jsonl.</p>`}
</section>
`

const exhibit = (e: ExhibitView, messages: Messages): Markup => html`
<figure class="exhibit" id="exhibit-${e.slug}">
${scrollable(e.title, new Markup(e.svg), 'screen')}
<figcaption><a class="anchor" href="#exhibit-${e.slug}">${e.id}</a> <b>${e.title}</b> <span class="quiet">${e.host}, ${messages.moment(e.start)}</span></figcaption>
${e.chart?.problem !== undefined && html`<p class="note">${messages.charts.cannotDraw(e.chart.problem)}</p>`}
${
  e.data.length > 0 &&
  html`<p class="data">${messages.labels.data}: ${e.data.map(
    ({ name, file, bytes, text }, i) =>
      html`${i > 0 && ', '}${
        text === undefined
          ? messages.phrases.dataInEventLog(name)
          : html`<a href="${file}">${name}</a> <span class="quiet">(${messages.bytes(bytes)})</span>`
      }`,
  )}</p>
`
}${
  e.cast !== undefined &&
  html`<p class="data">${messages.labels.recording}: <a href="img/${e.slug}.cast">${e.slug}.cast</a></p>
`
}${longOutputNotes(e.long, messages)}<details class="as-text"><summary>${messages.labels.asText}</summary><pre tabindex="0">$ ${e.command}
${e.text}</pre></details>
</figure>
`
