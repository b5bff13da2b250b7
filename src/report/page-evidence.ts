import { html, Markup } from './html.ts'
import { filesOf, mark, numbersOf, scroller } from './page-parts.ts'
import type { ShownExhibit, View } from './view.ts'
import type { Words } from './words/index.ts'

/** Each finding with the exhibits that show it. */
export const evidence = ({ findings, words }: View): Markup | false =>
  findings.length > 0 &&
  html`
<section id="evidence">
<h2>${words.heads.evidence}</h2>
${findings.map(
  (f) => html`
<article class="finding ${f.mark.kind}" id="finding-${f.slug}" aria-labelledby="head-finding-${f.slug}">
<h3 id="head-finding-${f.slug}">${mark(f.mark)}${f.statement}</h3>
<p><span class="verdict-text">${f.mark.text}</span>${f.detail !== undefined && html`: ${f.detail}`} <a class="anchor" href="#finding-${f.slug}">${f.id}</a></p>
${f.hypothesis !== undefined && html`<p class="quiet">${words.labels.expected}: ${f.hypothesis}</p>`}
${numbersOf(f.numbers)}
${f.own.map((e) => exhibit(e, words))}
${
  f.own.length < f.evidence.length &&
  html`<p class="quiet">${f.own.length > 0 ? words.labels.seeAlso : words.labels.see} ${f.evidence.map((e) =>
    'missing' in e
      ? html`${e.missing} (${words.says.notRecorded}) `
      : !f.own.includes(e) && html`<a href="#exhibit-${e.slug}">${e.id}</a> `,
  )}</p>`
}
</article>
`,
)}
</section>
`

/** Exhibits that no finding points to. */
export const moreExhibits = ({ otherExhibits, moreExhibits, words }: View): Markup | false =>
  otherExhibits.length > 0 &&
  html`
<section id="exhibits">
<h2>${words.heads.more}</h2>
${otherExhibits.map((e) => exhibit(e, words))}
${moreExhibits > 0 && html`<p class="note">${words.says.moreExhibits(moreExhibits)}events.jsonl.</p>`}
</section>
`

const exhibit = (e: ShownExhibit, words: Words): Markup => html`
<figure class="exhibit" id="exhibit-${e.slug}">
${scroller(e.title, new Markup(e.svg), 'screen')}
<figcaption><a class="anchor" href="#exhibit-${e.slug}">${e.id}</a> <b>${e.title}</b> <span class="quiet">${e.host}, ${words.moment(e.start)}</span></figcaption>
${e.chart?.problem !== undefined && html`<p class="note">${words.charts.notDrawn(e.chart.problem)}</p>`}
${
  e.data.length > 0 &&
  html`<p class="data">${words.labels.data}: ${e.data.map(
    ({ name, file, bytes, text }, i) =>
      html`${i > 0 && ', '}${
        text === undefined
          ? words.says.dataElsewhere(name)
          : html`<a href="${file}">${name}</a> <span class="quiet">(${words.bytes(bytes)})</span>`
      }`,
  )}</p>
`
}${filesOf(e.long, words)}<details class="as-text"><summary>${words.labels.asText}</summary><pre tabindex="0">$ ${e.command}
${e.text}</pre></details>
</figure>
`
