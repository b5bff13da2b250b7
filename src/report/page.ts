import { documentOf, type ReportDocument } from './document.ts'
import { html, Markup } from './html.ts'
import { conclusion, EVIDENCE_FILE, failedTasks, otherFindings, section, type Picture } from './page-document.ts'
import { aim, front, keyResults, limits, references, runsTable } from './page-front.ts'
import { hosts } from './page-overview.ts'
import type { ReportData } from './report-data.ts'
import type { View } from './view.ts'

/**
 * The report as a self-contained HTML page: the questions, their answers, and the exhibits that show them. All other
 * evidence is in `evidence.html` beside it.
 *
 * @param draw - draws an exhibit for the report, alone or beside another.
 * @param style - CSS.
 */
export function htmlPage(
  view: View,
  facts: ReportData,
  draw: (id: string, isAlone: boolean) => Picture | undefined,
  style: string,
): string {
  const document = documentOf(view, facts)
  const pictures = new Map(
    document.sections
      .flatMap(({ questions }) => questions)
      .flatMap(({ pictures: ids }) => ids.map((id) => [id, draw(id, ids.length === 1)] as const))
      .flatMap(([id, one]) => (one === undefined ? [] : [[id, one]])),
  )
  const figures = new Map<string, number>()
  const { messages } = view
  return shell(
    view,
    messages.phrases.title(document.title, view.verdict),
    style,
    html`${front(view)}
${contents(view, document)}
<main id="report" tabindex="-1">
${failedTasks(view)}
${aim(view, document)}
${keyResults(document, messages)}
${document.sections.map((one, i) => section(one, i + 1, pictures, figures, messages))}
${otherFindings(document, messages)}
${conclusion(document, messages)}
${limits(document, messages)}
${references(document, messages)}
${view.findings.length === 0 && hosts(view)}
${runsTable(view)}
</main>`,
  )
}

/** The frame of both pages. */
export const shell = (view: View, title: string, style: string, content: Markup): string =>
  html`<!doctype html>
<html lang="${view.messages.lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${title}</title>
${
  view.about.author !== undefined &&
  html`<meta name="author" content="${view.about.author}">
`
}<style>${new Markup(style)}</style>
</head>
<body>
<a class="skip" href="#report">${view.messages.headings.skipLink}</a>
${content}
<footer>${view.runs.length > 1 ? view.messages.phrases.footerOfRuns : view.messages.phrases.footer}</footer>
</body>
</html>
`.text

const contents = (
  view: View,
  { sections, tiles, counts, others, limits: lines, references: links }: ReportDocument,
): Markup => {
  const { headings } = view.messages
  return html`
<nav aria-labelledby="head-contents">
<h2 id="head-contents">${headings.contents}</h2>
<ol>
<li><a href="#verdict">${headings.verdict}</a></li>
${view.failures.length > 0 && html`<li><a class="bad" href="#wrong">${headings.failures}</a></li>`}
<li><a href="#aim">${headings.aim}</a></li>
${tiles.length > 0 && html`<li><a href="#key-results">${headings.keyResults}</a></li>`}
${sections.map(
  ({ title, questions }, s) =>
    html`<li><a href="#section-${s + 1}">${title}</a><ol>${questions.map(
      ({ question }, q) => html`<li><a href="#question-${s + 1}-${q + 1}">${question}</a></li>`,
    )}</ol></li>`,
)}
${others.length > 0 && html`<li><a href="#other-findings">${headings.otherFindings}</a></li>`}
${counts.some((count) => count > 0) && html`<li><a href="#conclusion">${headings.conclusion}</a></li>`}
${lines.length > 0 && html`<li><a href="#limits">${headings.limits}</a></li>`}
${links.length > 0 && html`<li><a href="#references">${headings.references}</a></li>`}
<li><a href="#runs">${headings.runs}</a></li>
<li><a href="${EVIDENCE_FILE}">${headings.allEvidence}</a></li>
</ol>
</nav>
`
}
