import { duration, moment, number, plural } from './format.ts'
import { html, Markup } from './html.ts'
import { filesOf, pill } from './page-parts.ts'
import { tasks } from './page-tasks.ts'
import type { ShownExhibit, View } from './view.ts'

/** The report as one HTML page that needs nothing else. `style`: CSS. */
export const htmlPage = (view: View, style: string): string => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${view.title}: ${view.verdict.toLowerCase()} - Labbook report</title>
<style>${new Markup(style)}</style>
</head>
<body>
${contents(view)}
<main>
${verdict(view)}
${wrong(view)}
${findings(view)}
${hosts(view)}
${phases(view)}
${evidence(view)}
${moreExhibits(view)}
${tasks(view)}
${notices(view)}
<footer>Rendered by Labbook from events.jsonl, the journal of this run.</footer>
</main>
</body>
</html>
`.text

const contents = ({ failures, findings, recap, otherExhibits, plays, notices }: View): Markup => html`
<nav aria-label="Contents">
<p class="brand">Labbook</p>
<ol>
<li><a href="#verdict">Verdict</a></li>
${failures.length > 0 && html`<li><a class="bad" href="#wrong">What went wrong</a></li>`}
${findings.length > 0 && html`<li><a href="#findings">Findings</a></li>`}
${recap.length > 0 && html`<li><a href="#hosts">Hosts</a></li>`}
<li><a href="#phases">Phases</a></li>
${findings.length > 0 && html`<li><a href="#evidence">Evidence</a><ol>${findings.map((f) =>
  html`<li><a href="#finding-${f.slug}">${mark(f.mark, false)}${f.statement}</a></li>`)}</ol></li>`}
${otherExhibits.length > 0 && html`<li><a href="#exhibits">More exhibits</a></li>`}
<li><a href="#tasks">Tasks</a><ol>${plays.map(({ name }, i) => html`<li><a href="#play-${i + 1}">${name}</a></li>`)}</ol></li>
${notices.length > 0 && html`<li><a href="#notices">Notices</a></li>`}
</ol>
</nav>
`

const mark = ({ kind, sign }: View['findings'][number]['mark'], hidden = true): Markup =>
  html`<span class="mark ${kind}"${hidden && html` aria-hidden="true"`}>${sign}</span>`

const verdict = ({ summary, title, verdict, reasons, start, hosts, command }: View): Markup => html`
<header id="verdict" class="${summary.status}">
<p class="kicker">Lab report${summary.check && ' · check mode'}</p>
<h1>${title} <span class="verdict">${verdict}</span></h1>
<ul class="reasons">${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
<dl>
<div><dt>Started</dt><dd>${moment(summary.startedAt)}</dd></div>
<div><dt>Took</dt><dd>${duration(summary.durationMs)}</dd></div>
<div><dt>Exit code</dt><dd>${summary.exitCode}</dd></div>
${start !== undefined && html`
<div><dt>Controller</dt><dd>${start.controller.hostname} <span class="quiet">${start.controller.platform}, Node ${start.controller.node}, Labbook ${start.version}</span></dd></div>
<div><dt>Hosts</dt><dd>${hosts}</dd></div>
<div class="wide"><dt>Command line</dt><dd><code>${command}</code></dd></div>
`}</dl>
</header>
`

const wrong = ({ failures }: View): Markup | false => failures.length > 0 && html`
<section id="wrong" class="wrong">
<h2>What went wrong</h2>
<ul>${failures.map((task) => html`<li>${pill(task.status)} <a href="#${task.anchor}"><b>${task.host}</b> at ${task.name}</a> <span class="quiet">${task.play}</span>${
  task.message !== undefined && html`<p>${task.message}</p>`}</li>`)}</ul>
</section>
`

const findings = ({ findings }: View): Markup | false => findings.length > 0 && html`
<section id="findings">
<h2>Findings</h2>
<div class="scroll"><table class="findings">
<thead><tr><th>Verdict</th><th>Finding</th><th>Measured</th><th>Evidence</th></tr></thead>
<tbody>${findings.map((f) => html`
<tr class="${f.mark.kind}"><td class="nowrap">${mark(f.mark)}${f.mark.text}</td><td><a href="#finding-${f.slug}">${f.statement}</a></td><td>${f.detail}</td><td>${
  f.evidence.map((e) => ('missing' in e
    ? html`<span class="quiet">${e.missing} (not recorded)</span> `
    : html`<a class="chip" href="#exhibit-${e.slug}">${e.id}</a> `))}</td></tr>`)}
</tbody>
</table></div>
</section>
`

const hosts = ({ recap, hasUnknown, moreHosts }: View): Markup | false => recap.length > 0 && html`
<section id="hosts">
<h2>Hosts</h2>
<div class="scroll"><table class="recap">
<thead><tr><th>Host</th><th class="n">ok</th><th class="n">changed</th><th class="n">unreachable</th><th class="n">failed</th><th class="n">skipped</th><th class="n">rescued</th><th class="n">ignored</th>${hasUnknown && html`<th class="n">cannot tell</th>`}</tr></thead>
<tbody>${recap.map((h) => html`
<tr><th scope="row">${h.host}</th>${count(h.ok, 'ok')}${count(h.changed, 'changed')}${count(h.unreachable, 'unreachable')}${count(h.failed, 'failed')}${count(h.skipped, 'skipped')}${count(h.rescued, 'changed')}${count(h.ignored, 'skipped')}${hasUnknown && count(h.unknown, 'unknown')}</tr>`)}
</tbody>
</table></div>
${moreHosts > 0 && html`<p class="note">${plural(moreHosts, 'host')} more, without a failure, in summary.json.</p>`}
</section>
`

const count = (value: number, kind: string): Markup => html`<td class="n ${value > 0 ? kind : 'zero'}">${value}</td>`

const phases = ({ phases }: View): Markup => html`
<section id="phases">
<h2>Phases</h2>
<div class="scroll"><table class="phases">
<thead><tr><th>Phase</th><th>Kind</th><th class="n">Hosts</th><th class="n">Took</th><th class="bars"><span class="hidden">Share of the longest</span></th></tr></thead>
<tbody>${phases.map((p) => html`
<tr><th scope="row">${p.name}</th><td>${p.kind}</td><td class="n">${p.hosts.length}</td><td class="n nowrap">${duration(p.durationMs)}</td><td class="bars" aria-hidden="true"><i class="${p.kind}" style="width:${p.percent}%"></i></td></tr>`)}
</tbody>
</table></div>
</section>
`

const evidence = ({ findings }: View): Markup | false => findings.length > 0 && html`
<section id="evidence">
<h2>Evidence</h2>
${findings.map((f) => html`
<article class="finding ${f.mark.kind}" id="finding-${f.slug}">
<h3>${mark(f.mark)}${f.statement}</h3>
<p><span class="verdict-text">${f.mark.text}</span>${f.detail !== undefined && html`: ${f.detail}`} <a class="anchor" href="#finding-${f.slug}">${f.id}</a></p>
${f.own.map(exhibit)}
${f.own.length < f.evidence.length && html`<p class="quiet">${f.own.length > 0 ? 'See also' : 'See'} ${f.evidence.map((e) => ('missing' in e
  ? html`${e.missing} (not recorded) `
  : !f.own.includes(e) && html`<a href="#exhibit-${e.slug}">${e.id}</a> `))}</p>`}
</article>
`)}
</section>
`

const exhibit = (e: ShownExhibit): Markup => html`
<figure class="exhibit" id="exhibit-${e.slug}">
<div class="screen">${new Markup(e.svg)}</div>
<figcaption><a class="anchor" href="#exhibit-${e.slug}">${e.id}</a> <b>${e.title}</b> <span class="quiet">${e.host}, ${moment(e.start)}</span></figcaption>
${filesOf(e.long)}<details class="as-text"><summary>as text</summary><pre>$ ${e.command}
${e.text}</pre></details>
</figure>
`

const moreExhibits = ({ otherExhibits, moreExhibits }: View): Markup | false => otherExhibits.length > 0 && html`
<section id="exhibits">
<h2>More exhibits</h2>
${otherExhibits.map(exhibit)}
${moreExhibits > 0 && html`<p class="note">${plural(moreExhibits, 'exhibit')} more in events.jsonl.</p>`}
</section>
`

const notices = ({ notices, moreNotices }: View): Markup | false => notices.length > 0 && html`
<section id="notices">
<h2>Notices</h2>
<ul class="notices">${notices.map((n) => html`<li class="${n.level}"><b>${n.level}</b>${n.host !== undefined && html` ${n.host}`} ${n.message}</li>`)}</ul>
${moreNotices > 0 && html`<p class="note">${number(moreNotices)} more in events.jsonl.</p>`}
</section>
`
