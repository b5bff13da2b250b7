import type { Answered, ReportDocument, Section } from './document.ts'
import { html, Markup } from './html.ts'
import { mark, pill, scrollable } from './page-components.ts'
import type { View } from './view.ts'
import type { Messages } from './messages/index.ts'

/** What the sections show of an exhibit: its picture, cut to fit. */
export interface Picture {
  readonly id: string
  readonly slug: string
  readonly title: string
  readonly host: string
  readonly svg: string
  /** Whether it fits beside text or another picture on paper. */
  readonly isNarrow: boolean
}

export const EVIDENCE_FILE = 'evidence.html'

/** Yes, No or Inconclusive; undefined for questions of older versions. */
const ANSWERS = [
  { answer: true, sign: '●', kind: 'yes' },
  { answer: false, sign: '○', kind: 'no' },
  { answer: null, sign: '?', kind: 'unknown' },
] as const

/** One section of the lab: its questions with answers, findings and pictures. */
export const section = (
  { title, questions }: Section,
  number: number,
  pictures: ReadonlyMap<string, Picture>,
  figures: Map<string, number>,
  messages: Messages,
): Markup => html`
<section id="section-${number}" class="topic">
<h2>${title}</h2>
${questions.map((one, i) => question(one, `question-${number}-${i + 1}`, pictures, figures, messages))}
</section>
`

const question = (
  { question: text, answer, findings, pictures: shown }: Answered,
  id: string,
  pictures: ReadonlyMap<string, Picture>,
  figures: Map<string, number>,
  messages: Messages,
): Markup => {
  const drawn = shown.flatMap((exhibit) => pictures.get(exhibit) ?? [])
  const isSingle = findings.length === 1
  const layout = arrangement(drawn, isSingle)
  const images =
    drawn.length > 0 && html`<div class="pictures">${drawn.map((picture) => figure(picture, figures, messages))}</div>`
  return html`
<article class="question ${layout}" id="${id}" aria-labelledby="head-${id}">
<h3 id="head-${id}">${text}</h3>
${answerLine(answer, findings, messages)}
${layout === 'around' && images}
${!isSingle && claims(findings)}
${layout !== 'around' && images}
</article>
`
}

/** On paper, pictures are `beside` the answer, have findings `around` them, are a `pair`, or stand `below` the text. */
function arrangement(pictures: readonly Picture[], isSingle: boolean): string {
  if (pictures.length === 0 || pictures.some(({ isNarrow }) => !isNarrow)) return 'below'
  return pictures.length > 1 ? 'pair' : isSingle ? 'beside' : 'around'
}

/** A detail that all findings share is in the answer. */
const claims = (findings: Answered['findings']): Markup => {
  const shared = sharedDetail(findings) !== undefined
  return html`<ul class="claims">${findings.map((finding) => claim(finding, shared))}</ul>`
}

function sharedDetail(findings: Answered['findings']): string | undefined {
  const [first] = findings
  return findings.length > 1 && findings.every(({ detail }) => detail === first?.detail) ? first?.detail : undefined
}

/** The answer first, then the number. */
function answerLine(answer: Answered['answer'], findings: Answered['findings'], messages: Messages): Markup | false {
  const [first] = findings
  const chosen = ANSWERS.find((one) => one.answer === answer)
  const isSingle = findings.length === 1
  if (first === undefined || (!isSingle && chosen === undefined)) return false
  const text = chosen === undefined ? first.mark.text : messages.findingVerdicts[chosen.kind]
  const count = (wanted: boolean | null): number => findings.filter(({ holds }) => holds === wanted).length
  return html`<p class="answer-line ${chosen?.kind ?? first.mark.kind}"><strong>${text}.</strong> ${
    isSingle
      ? html`${first.statement}${first.detail !== undefined && html`: ${withoutStop(first.detail)}`}. ${statistics(first)}${evidenceLink(first)}`
      : withReason(messages.phrases.findings(count(true), count(false), count(null)), sharedDetail(findings))
  }</p>`
}

const withReason = (text: string, reason: string | undefined): string =>
  reason === undefined ? `${text}.` : `${text}: ${withoutStop(reason)}.`

const withoutStop = (text: string): string => text.replace(/\.\s*$/, '')

const claim = (finding: View['findings'][number], withoutDetail = false): Markup =>
  html`<li class="${finding.mark.kind}">${mark(finding.mark)}<span><span class="hidden">${finding.mark.text}: </span>${finding.statement}${
    finding.detail !== undefined && !withoutDetail && html`: <span class="number">${withoutStop(finding.detail)}</span>`
  }. ${statistics(finding)}${evidenceLink(finding)}</span></li>`

/** How often it held; the measured numbers are in the evidence. */
const statistics = (finding: View['findings'][number] | undefined): Markup | false =>
  finding?.times !== undefined && html`<span class="quiet">${finding.statistics[0]}.</span> `

const evidenceLink = (finding: View['findings'][number] | undefined): Markup | false =>
  finding !== undefined && html`<a class="anchor" href="${EVIDENCE_FILE}#finding-${finding.slug}">${finding.id}</a>`

function figure(picture: Picture, figures: Map<string, number>, messages: Messages): Markup {
  const number = figures.size + 1
  figures.set(picture.id, number)
  return html`<figure class="exhibit" id="figure-${number}">
${scrollable(picture.title, new Markup(picture.svg), 'screen')}
<figcaption>${messages.phrases.figure(number)}. <a href="${EVIDENCE_FILE}#exhibit-${picture.slug}">${picture.title}</a></figcaption>
</figure>`
}

/** Findings that belong to no question. */
export const otherFindings = ({ others }: ReportDocument, { headings, phrases }: Messages): Markup | false =>
  others.length > 0 &&
  html`
<section id="other-findings" class="topic">
<h2>${headings.otherFindings}</h2>
<p class="quiet">${phrases.unasked}</p>
<ul class="claims">${others.map((finding) => claim(finding))}</ul>
</section>
`

/** The answers of all questions in a table: the conclusion has nothing that no finding supports. */
export const conclusion = (
  { sections, counts: [yes, no, unknown] }: ReportDocument,
  { headings, labels, phrases, tables, findingVerdicts }: Messages,
): Markup | false =>
  yes + no + unknown > 0 &&
  html`
<section id="conclusion">
<h2>${headings.conclusion}</h2>
<p>${phrases.conclusion(yes + no, yes + no + unknown)} ${phrases.answers(yes, no, unknown)}.</p>
${scrollable(
  headings.conclusion,
  html`<table class="answers-table cards">
<caption class="hidden">${tables.conclusion}</caption>
<thead><tr><th scope="col">${labels.question}</th><th scope="col">${labels.answer}</th></tr></thead>
<tbody>${sections.map(
    ({ title, questions }, s) =>
      html`<tr class="part"><th scope="rowgroup" colspan="2">${title}</th></tr>${questions.map(
        ({ question: text, answer }, q) => {
          const chosen = ANSWERS.find((one) => one.answer === answer)
          return (
            chosen !== undefined &&
            html`<tr><td><a href="#question-${s + 1}-${q + 1}">${text}</a></td><td class="nowrap answer-${chosen.kind}"><span aria-hidden="true">${chosen.sign}</span> ${findingVerdicts[chosen.kind]}</td></tr>`
          )
        },
      )}`,
  )}</tbody>
</table>`,
)}
</section>
`

/** Failed tasks, with links into the evidence. */
export const failedTasks = ({ failures, messages }: View): Markup | false =>
  failures.length > 0 &&
  html`
<section id="wrong" class="wrong">
<h2>${messages.headings.failures}</h2>
<ul>${failures
    .slice(0, 20)
    .map(
      (task) =>
        html`<li>${pill(task.status, messages)} <a href="${EVIDENCE_FILE}#${task.anchor}"><b>${task.host}</b>${messages.phrases.atTask}${task.name}</a> <span class="quiet">${task.play}</span>${
          task.message !== undefined && html`<p>${task.message}</p>`
        }</li>`,
    )}</ul>
${failures.length > 20 && html`<p class="note">${messages.phrases.more(failures.length - 20)}<a href="${EVIDENCE_FILE}#wrong">${EVIDENCE_FILE}</a></p>`}
</section>
`
