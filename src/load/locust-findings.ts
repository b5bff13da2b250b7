import { mean as meanOf } from 'simple-statistics'
import { messageText } from '../events/message.ts'
import { hasFailed, percent, usersLimit, validityOf, type ImportFinding, type UsersLimit } from './locust-phase.ts'
import { phaseOf, BLOCK_SECONDS, type LocustPhase, type LocustRun } from './locust-run.ts'
import { compare, LEAST_TRIALS } from './statistics.ts'

/** Everything that can be concluded from runs of Locust, and what cannot. */
export interface LocustImport {
  readonly runs: readonly { readonly run: LocustRun; readonly phase: LocustPhase }[]
  readonly findings: readonly ImportFinding[]
  /** Conclusions that these files do not allow. */
  readonly limits: readonly string[]
}

export interface LocustImportOptions {
  /** Mean think time in seconds (`wait_time`). Default: derived from users, rate and response time. */
  readonly think?: number | undefined
  /** Users of runs without a history. */
  readonly users?: number | undefined
}

/** Ratios this close to 1 are no difference. */
const WITHIN = 0.1

interface Measured {
  readonly run: LocustRun
  readonly phase: LocustPhase
  readonly name: string
  readonly validity: ImportFinding
  readonly limit: UsersLimit
}

/** @param runs - the first number of replicas is compared with each other one. */
export function importLocust(runs: readonly LocustRun[], { think, users }: LocustImportOptions = {}): LocustImport {
  const measured = runs.map((run, place): Measured => {
    const nth = runs.slice(0, place).filter(({ replicas }) => replicas === run.replicas).length
    const suffix = nth === 0 ? String(run.replicas) : `${run.replicas}.${nth + 1}`
    const phase = phaseOf(run, users)
    const name = `${replicasText(run.replicas)}${nth === 0 ? '' : ` (run ${nth + 1})`}`
    return {
      run,
      phase,
      name,
      validity: validityOf(suffix, name, phase),
      limit: usersLimit(suffix, name, phase, think),
    }
  })
  const base = measured.filter(({ run }) => run.replicas === runs[0]?.replicas)
  const others = [...new Set(runs.map(({ replicas }) => replicas))].slice(1)
  const pairs = others.map((replicas) => ({ base, other: measured.filter(({ run }) => run.replicas === replicas) }))
  return {
    runs: measured.map(({ run, phase }) => ({ run, phase })),
    findings: [
      ...measured.flatMap(({ validity, limit }) => [validity, limit]),
      ...pairs.flatMap(({ base, other }) => [
        throughput(base, other),
        repeated(base, other),
        responseTime(base, other),
      ]),
    ],
    limits: [...pairs.flatMap(({ base, other }) => falseConclusions(base, other)), ...ALWAYS],
  }
}

const replicasText = (replicas: number): string => `${replicas} replica${replicas === 1 ? '' : 's'}`

const rateOf = (runs: readonly Measured[]): number => meanOf(runs.map(({ phase }) => phase.requestsPerSecond))
const responseOf = (runs: readonly Measured[]): number => meanOf(runs.map(({ phase }) => phase.mean))
const replicasOf = (runs: readonly Measured[]): number => runs[0]?.run.replicas ?? 0
const setByUsers = (runs: readonly Measured[]): boolean => runs.some(({ limit }) => limit.holds === true)

/**
 * Why runs could not differ; undefined if they could. If the users set the rate of the others, no difference may be
 * theirs as well.
 */
function usersDecide(base: readonly Measured[], other: readonly Measured[]): string | undefined {
  const unknown = [...base, ...other].find(({ limit }) => limit.holds === null)
  if (unknown !== undefined) return unknown.limit.detail
  if (!setByUsers(base) && !(setByUsers(other) && rateOf(other) / rateOf(base) <= 1 + WITHIN)) return undefined
  const most = Math.max(...base.map(({ limit, phase }) => (limit.most ?? Infinity) / phase.requestsPerSecond)) - 1
  return (
    `the users set the rate: ${replicasOf(base)} and ${replicasOf(other)} replicas could not differ in this test` +
    `${Number.isFinite(most) ? `, or by ${percent(most)} at most` : ''}; use more users, or a shorter think time`
  )
}

/** `1-vs-4` and `4 replicas serve more requests than 1`. */
const pairText = (base: readonly Measured[], other: readonly Measured[]) => ({
  id: `${replicasOf(base)}-vs-${replicasOf(other)}`,
  subject: replicasText(replicasOf(other)),
  than: String(replicasOf(base)),
})

/** Why two sets of runs cannot be compared; undefined if they can. */
function incomparable(base: readonly Measured[], other: readonly Measured[]): string | undefined {
  const all = [...base, ...other]
  const bad = all.find(({ phase }) => hasFailed(phase))
  if (bad !== undefined) return `failures invalidate the run with ${bad.name}: ${bad.validity.detail}`
  const users = new Set(all.map(({ phase }) => phase.users))
  if (users.has(undefined)) return 'the number of users is unknown'
  if (users.size > 1)
    return (
      `the runs have different numbers of users: ${all.map(({ phase, name }) => `${phase.users} with ${name}`).join(', ')}; ` +
      'repeat them with the same number'
    )
  const invalid = all.find(({ validity }) => validity.holds !== true)
  return invalid === undefined ? undefined : `run with ${invalid.name}: ${invalid.validity.detail}`
}

function throughput(base: readonly Measured[], other: readonly Measured[]): ImportFinding {
  const { id, subject, than } = pairText(base, other)
  const finding = {
    id: `import.throughput.${id}`,
    statement: `${subject} serve more requests than ${than} in these runs`,
  }
  const numbers = `${rateOf(base).toFixed(1)} and ${rateOf(other).toFixed(1)} requests/s${rateOf(base) > 0 ? `, ratio ${(rateOf(other) / rateOf(base)).toFixed(2)}` : ''}`
  const inconclusive = (why: string): ImportFinding => ({ ...finding, holds: null, detail: `${why} (${numbers})` })
  const problem = incomparable(base, other)
  if (problem !== undefined) return inconclusive(problem)
  const decided = usersDecide(base, other)
  if (decided !== undefined) return inconclusive(decided)
  const ratio = rateOf(other) / rateOf(base)
  const lower = setByUsers(other) ? `; at least, as the users set the rate with ${subject}` : ''
  if (ratio >= 1 / (1 + WITHIN) && ratio <= 1 + WITHIN)
    return { ...finding, holds: false, detail: `no difference of more than ${percent(WITHIN)}: ${numbers}` }
  const blocks = (runs: readonly Measured[]): number[] => runs.flatMap(({ phase }) => phase.blocks)
  const [low, high] = ratio > 1 ? [base, other] : [other, base]
  if (Math.max(...blocks(low)) >= Math.min(...blocks(high)))
    return inconclusive(`the difference is within the variation of ${BLOCK_SECONDS} s blocks of a run`)
  return { ...finding, holds: ratio > 1, detail: `${numbers}${lower}` }
}

/** Only repeated runs tell how much runs differ by chance. */
function repeated(base: readonly Measured[], other: readonly Measured[]): ImportFinding {
  const { id, subject, than } = pairText(base, other)
  const finding = {
    id: `import.repeated.${id}`,
    statement: `${subject} serve more requests than ${than} in repeated runs`,
  }
  const problem = incomparable(base, other) ?? usersDecide(base, other)
  const trials = (runs: readonly Measured[]) =>
    runs.map(({ phase }) => ({ value: phase.requestsPerSecond, issues: [] }))
  if (base.length < LEAST_TRIALS || other.length < LEAST_TRIALS)
    return {
      ...finding,
      holds: null,
      detail:
        `${base.length === 1 && other.length === 1 ? 'one run each' : `${base.length} and ${other.length} runs`}: ` +
        `says nothing about how much runs vary; ${LEAST_TRIALS} each are needed, alternating`,
    }
  if (problem !== undefined) return { ...finding, holds: null, detail: problem }
  const { answer, why } = compare(trials(base), trials(other), { within: WITHIN })
  return { ...finding, holds: answer === 'inconclusive' ? null : answer === 'more', detail: messageText(why) }
}

function responseTime(base: readonly Measured[], other: readonly Measured[]): ImportFinding {
  const { id, subject, than } = pairText(base, other)
  const finding = { id: `import.latency.${id}`, statement: `${subject} respond faster than ${than} in these runs` }
  const [from, to] = [responseOf(base), responseOf(other)]
  const numbers = `mean ${from.toFixed(0)} and ${to.toFixed(0)} ms`
  const problem = incomparable(base, other)
  if (problem !== undefined) return { ...finding, holds: null, detail: `${problem} (${numbers})` }
  const different = from > to * (1 + WITHIN) || to > from * (1 + WITHIN)
  return {
    ...finding,
    holds: from > to * (1 + WITHIN),
    detail: `${numbers}${different ? '' : `: no difference of more than ${percent(WITHIN)}`}`,
  }
}

/** What a reader of the two tables may conclude, and why it does not follow. */
function falseConclusions(base: readonly Measured[], other: readonly Measured[]): string[] {
  const { subject, than } = pairText(base, other)
  const [from, to] = [rateOf(base), rateOf(other)]
  if (from === 0 || to === 0) return []
  const faster = responseOf(base) / responseOf(other)
  const [usersBefore, usersAfter] = [base[0]?.phase.users, other[0]?.phase.users]
  const times = (ratio: number): string => `${ratio.toFixed(1)} times`
  return [
    ...(faster > 1 + WITHIN && to / from < faster / (1 + WITHIN)
      ? [
          `"${subject} are ${times(faster)} faster than ${than}" does not follow: only the response time differs that ` +
            `much (mean ${responseOf(base).toFixed(0)} and ${responseOf(other).toFixed(0)} ms). The ratio of requests per ` +
            `second is ${(to / from).toFixed(2)}${usersDecide(base, other) === undefined ? '' : ', as the users set the rate'}.`,
        ]
      : []),
    ...(usersBefore !== undefined && usersAfter !== undefined && usersBefore !== usersAfter
      ? [
          `"${subject} serve ${times(to / from)} the requests of ${than}" does not follow: they had ` +
            `${times(usersAfter / usersBefore)} the users, and users request more if there are more.`,
        ]
      : []),
    ...([...base, ...other].some(({ phase }) => hasFailed(phase))
      ? [`Requests per second and response times are no capacity: they count failures, which cost the app little.`]
      : []),
  ]
}

const ALWAYS = [
  'The files do not contain the CPU usage of Locust: if it was the limit, all figures are those of Locust.',
  'They do not show which replica served a request: keep-alive connections may reach one replica only.',
]
