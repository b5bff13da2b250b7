import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { chart, TITLES } from './chart.ts'
import { casesOf, join, type Case, type Results } from './results.ts'
import { caseRows, markdown, scaleRows, targetRows } from './table.ts'
import { judge } from './targets.ts'

/*
 * Formats the results of `main.ts`: `npx tsx bench/report.ts --markdown FILE --chart FILE RESULTS.json...`. Merges
 * several results, such as one per number of hosts; later ones win.
 */

const ORDER = ['second', 'first', 'trivial', 'commands', 'four']

/** All tables, as Markdown. */
function page(results: Results): string {
  const { machine } = results
  const parts = [
    `Measured on ${results.date.slice(0, 10)}: ${machine.cores} cores (${machine.cpu}), ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ${machine.system},` +
      ` Linux ${machine.kernel}, Node ${machine.node}. Medians; in brackets the smallest and the largest; ratios are taken within each repeat.`,
    '### Targets',
    markdown(targetRows(judge(results))),
  ]
  for (const which of sorted(casesOf(results.trials))) {
    parts.push(
      `### ${TITLES[which.workload]}: ${which.hosts} host${which.hosts === 1 ? '' : 's'}`,
      markdown(caseRows(results, which, ({ title }) => title)),
    )
  }
  if (results.scale.length > 0) parts.push('### Scale', markdown(scaleRows(results.scale)))
  parts.push(
    '### Versions',
    markdown([['runner', 'version'], ...results.runners.map(({ title, version }) => [title, version])]),
  )
  if (results.notes.length > 0) parts.push(results.notes.map((note) => `- ${note}`).join('\n'))
  return `${parts.join('\n\n')}\n`
}

const sorted = (cases: readonly Case[]): Case[] =>
  cases.toSorted((a, b) => ORDER.indexOf(a.workload) - ORDER.indexOf(b.workload) || a.hosts - b.hosts)

function write(file: string | undefined, text: string): void {
  if (file === undefined) return
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
  writeFileSync(file, text)
}

const { values, positionals } = parseArgs({
  options: { markdown: { type: 'string' }, chart: { type: 'string' } },
  allowPositionals: true,
})
if (positionals.length === 0) {
  process.stderr.write('npx tsx bench/report.ts [--markdown FILE] [--chart FILE] RESULTS.json...\n')
  process.exitCode = 2
} else {
  const results = join(positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Results))
  write(values.markdown, page(results))
  const cases = sorted(casesOf(results.trials))
  // The chart shows only the second and the first run, at the largest common numbers of hosts.
  write(
    values.chart,
    chart(
      results,
      cases.filter(({ workload }) => workload === 'second' || workload === 'first'),
    ),
  )
}
