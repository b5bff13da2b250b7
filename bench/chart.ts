import { measured, type Case, type Results } from './results.ts'
import { digits } from './targets.ts'

const WIDTH = 960
const LEFT = 430
const RIGHT = 70
const ROW = 22
const HEAD = 34

interface Dot {
  readonly label: string
  readonly own: boolean
  readonly values: { readonly median: number; readonly min: number; readonly max: number }
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/**
 * A chart of the wall time of each runner: the median as a dot, minimum and maximum as a line. Dots instead of bars,
 * since the scale is logarithmic.
 */
export function chart(results: Results, cases: readonly Case[]): string {
  const parts: string[] = []
  const panels = cases.map((which) => ({ which, dots: dotsOf(results, which) })).filter(({ dots }) => dots.length > 0)
  const all = panels.flatMap(({ dots }) => dots.flatMap(({ values }) => [values.min, values.max]))
  // One scale for all panels, so that they compare.
  const scale = { low: Math.log10(Math.min(...all) * 0.8), high: Math.log10(Math.max(...all)) }
  let y = 10
  for (const { which, dots } of panels) {
    parts.push(
      panel(`${TITLES[which.workload]}, ${which.hosts} host${which.hosts === 1 ? '' : 's'}: seconds`, dots, y, scale),
    )
    y += HEAD + dots.length * ROW + 16
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="13" role="img">
<title>Wall time of Labbook and others</title>
<rect width="100%" height="100%" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`
}

export const TITLES: Readonly<Record<Case['workload'], string>> = {
  second: 'Second run of 25 tasks, no changes',
  first: 'First run of 25 tasks',
  trivial: 'One trivial task',
  commands: '100 trivial commands',
  four: '4 idempotent tasks, nothing to do',
}

const dotsOf = (results: Results, which: Case): Dot[] =>
  results.runners.flatMap(({ id, title }) => {
    const values = measured(results.trials, id, which, 'wall')
    return values === undefined ? [] : [{ label: title.replaceAll('`', ''), own: id.startsWith('labbook'), values }]
  })

interface Scale {
  /** Powers of ten. */
  readonly low: number
  readonly high: number
}

function panel(title: string, dots: readonly Dot[], top: number, { low, high }: Scale): string {
  const x = (value: number): number => LEFT + ((Math.log10(value) - low) / (high - low || 1)) * (WIDTH - LEFT - RIGHT)
  const bottom = top + HEAD + dots.length * ROW
  const powers = Array.from({ length: 8 }, (_, index) => 10 ** (index - 3)).filter(
    (power) => Math.log10(power) > low && Math.log10(power) < high,
  )
  const grid = powers.map(
    (power) =>
      `<line x1="${at(x(power))}" x2="${at(x(power))}" y1="${top + HEAD - 6}" y2="${bottom}" stroke="#d0d7de"/>` +
      `<text x="${at(x(power))}" y="${top + HEAD - 10}" fill="#57606a" font-size="11" text-anchor="middle">${power}</text>`,
  )
  const rows = dots.map(({ label, own, values }, index) => {
    const y = top + HEAD + index * ROW
    const middle = y + ROW / 2 - 1
    return [
      `<text x="${LEFT - 8}" y="${y + 15}" text-anchor="end" fill="#1f2328"${own ? ' font-weight="bold"' : ''}>${escape(label)}</text>`,
      `<line x1="${at(x(values.min))}" x2="${at(x(values.max))}" y1="${middle}" y2="${middle}" stroke="${own ? '#0969da' : '#57606a'}" stroke-width="3"/>`,
      `<circle cx="${at(x(values.median))}" cy="${middle}" r="6" fill="${own ? '#0969da' : '#57606a'}"/>`,
      `<text x="${at(x(values.max) + 11)}" y="${y + 15}" fill="#1f2328">${digits(values.median)}</text>`,
    ].join('')
  })
  return [
    `<text x="10" y="${top + 14}" font-weight="bold" fill="#1f2328">${escape(title)}</text>`,
    ...grid,
    ...rows,
  ].join('\n')
}

const at = (value: number): string => value.toFixed(1)
