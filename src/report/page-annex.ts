import { html, type Markup } from './html.ts'
import { shell } from './page.ts'
import { appendix, logMessages } from './page-appendix.ts'
import { evidence, moreExhibits } from './page-evidence.ts'
import { findings, titleBlock, hosts, phases, questions, failures } from './page-overview.ts'
import { mark } from './page-components.ts'
import { tasks } from './page-tasks.ts'
import type { View } from './view.ts'

/** The annex of the report: every finding with all its exhibits, every task and command. `style` is CSS. */
export const evidencePage = (view: View, style: string): string =>
  shell(
    view,
    view.messages.phrases.evidenceTitle(view.title),
    style,
    html`${titleBlock(view)}
${contents(view)}
<main id="report" tabindex="-1">
${failures(view)}
${questions(view)}
${findings(view)}
${hosts(view)}
${phases(view)}
${evidence(view)}
${moreExhibits(view)}
${tasks(view)}
${logMessages(view)}
${appendix(view)}
</main>`,
  )

const contents = ({
  failures,
  questions,
  findings,
  recap,
  otherExhibits,
  plays,
  logEvents: logEvents,
  commands,
  messages: { headings, labels },
}: View): Markup => html`
<nav aria-labelledby="head-contents">
<h2 id="head-contents">${headings.contents}</h2>
<ol>
<li><a href="report.html">${labels.report}</a></li>
<li><a href="#verdict">${headings.verdict}</a></li>
${failures.length > 0 && html`<li><a class="bad" href="#wrong">${headings.failures}</a></li>`}
${questions.length > 0 && html`<li><a href="#questions">${headings.questions}</a></li>`}
${findings.length > 0 && html`<li><a href="#findings">${headings.findings}</a></li>`}
${recap.length > 0 && html`<li><a href="#hosts">${headings.hosts}</a></li>`}
<li><a href="#phases">${headings.phases}</a></li>
${
  findings.length > 0 &&
  html`<li><a href="#evidence">${headings.evidence}</a><ol>${findings.map(
    (f) => html`<li><a href="#finding-${f.slug}">${mark(f.mark)}${f.statement}</a></li>`,
  )}</ol></li>`
}
${otherExhibits.length > 0 && html`<li><a href="#exhibits">${headings.otherExhibits}</a></li>`}
<li><a href="#tasks">${headings.tasks}</a>${plays.length > 0 && html`<ol>${plays.map(({ name }, i) => html`<li><a href="#play-${i + 1}">${name}</a></li>`)}</ol>`}</li>
${logEvents.length > 0 && html`<li><a href="#notices">${headings.logMessages}</a></li>`}
${commands.length > 0 && html`<li><a href="#appendix">${headings.appendix}</a></li>`}
</ol>
</nav>
`
