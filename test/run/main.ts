import { tableLines } from '../../src/text/table.ts'
import { install } from './packages.ts'
import { expectedMinutes, PARTS, partsNamed, SIDE_BY_SIDE, type Lane, type Part } from './parts.ts'
import { runPart, type PartOutcome } from './part.ts'
import { endAll } from './programs.ts'

/*
 * Runs parts of the tests: `bash test/run.sh [PART...]`; see docs/tests.md. Lanes run in parallel, the parts of a lane
 * one after the other. The output of a part is shown when it has finished.
 */

const HELP = `Usage: bash test/run.sh [PART...]     (default: test, the parts of npm test)

${tableLines(
  PARTS.map(({ name, description: covers, minutes, runs }) => [
    name,
    `${minutes} min`,
    `${covers}${runs === 'test' ? '' : runs === 'all' ? ' (npm run test:all)' : ' (by name alone)'}`,
  ]),
  { align: ['left', 'right', 'left'] },
)
  .map((line) => `  ${line}`)
  .join('\n')}
  test, all              the parts of npm test; those of npm run test:all

LABBOOK_INSTALL_ONLY=1   install the Debian packages of the parts, and run nothing
LABBOOK_TEST_TIMES=1     show the seconds and the assertions of each file
PROPERTY_RUNS=10         ten times as many cases in property tests; PROPERTY_SEED=random: other cases
LABBOOK_TEST_RELEASE=trixie   the lab's nodes have this Debian release, in lab, lab-more and property
`

const installOnly = process.env['LABBOOK_INSTALL_ONLY'] === '1'
const showTimes = process.env['LABBOOK_TEST_TIMES'] === '1'
const outcomes = new Map<Part, PartOutcome>()

async function main(names: readonly string[]): Promise<number> {
  if (names.some((name) => ['-h', '--help'].includes(name))) {
    process.stdout.write(HELP)
    return 0
  }
  const parts = partsNamed(names)
  if (!installOnly)
    console.log(
      `== ${parts.map(({ name }) => name).join(', ')}: about ${duration(expectedMinutes(parts))} on two idle cores`,
    )
  const installed = new Map(parts.map((part) => [part, install(part.packages)]))
  // A lab installs packages itself, and apt cannot run concurrently.
  const all = Promise.all(installed.values())
  const lane = async (name: Lane): Promise<void> => {
    for (const part of parts.filter((each) => each.lane === name)) {
      if (name === 'lab' || name === 'alone') await all
      await runAndReport(part, await installed.get(part))
    }
  }
  await Promise.all(SIDE_BY_SIDE.map(lane))
  await lane('alone')
  return summarize(parts)
}

async function runAndReport(part: Part, problem: string | undefined): Promise<void> {
  if (problem === undefined && installOnly) {
    report(part, { passed: 1, failed: 0, skipped: 0, seconds: 0, ok: true, report: '' })
    return
  }
  if (problem !== undefined) {
    report(part, { passed: 0, failed: 1, skipped: 0, seconds: 0, ok: false, report: problem })
    return
  }
  console.log(`== ${part.name}: started (about ${part.minutes} min)`)
  report(
    part,
    await runPart(part, (file, { seconds, passed, ok }) => {
      if (showTimes)
        console.log(
          `   ${seconds.toFixed(1).padStart(6)} s ${String(passed).padStart(6)} passed  ${file}${ok ? '' : ' FAILED'}`,
        )
    }),
  )
}

function report(part: Part, outcome: PartOutcome): void {
  outcomes.set(part, outcome)
  console.log(
    `== ${part.name}: ${outcome.ok ? 'passed' : 'FAILED'} (${outcome.passed} passed, ${outcome.failed} failed, ${Math.round(outcome.seconds)} s)`,
  )
  if (outcome.report !== '') console.log(outcome.report)
}

/** Prints the summary table and totals. */
function summarize(parts: readonly Part[]): number {
  const list = parts.map((part) => ({
    name: part.name,
    ...(outcomes.get(part) ?? { passed: 0, failed: 1, skipped: 0, seconds: 0, ok: false }),
  }))
  const total = (of: 'passed' | 'failed'): number => list.reduce((all, each) => all + each[of], 0)
  const broken = list.filter(({ ok }) => !ok).map(({ name }) => name)
  const rows = [
    ['part', 'passed', 'failed', 'skipped', 'seconds'],
    ...list.map(({ name, passed, failed, skipped, seconds }) => [name, passed, failed, skipped, Math.round(seconds)]),
    ['all', total('passed'), total('failed'), '', Math.round(process.uptime())],
  ]
  console.log(`\n${tableLines(rows, { align: ['left', 'right'] }).join('\n')}`)
  if (broken.length > 0) console.log(`failed: ${broken.join(', ')}`)
  console.log(`${total('passed')} passed, ${total('failed')} failed`)
  return broken.length === 0 ? 0 : 1
}

const duration = (minutes: number): string => (minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`)

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => {
    console.log('\n== interrupted: ending what still runs')
    void endAll().then(() => process.exit(code))
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof RangeError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
