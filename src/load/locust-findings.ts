import { phaseOf, BLOCK_SECONDS, type LocustPhase, type LocustRun } from './locust-run.ts'
import { compare, LEAST_TRIALS } from './statistics.ts'

/** A conclusion from imported runs. */
export interface ImportFinding {
  readonly id: string
  readonly statement: string
  /** null: inconclusive. */
  readonly holds: boolean | null
  readonly detail: string
}

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

/** A shorter phase, or fewer requests, say little. */
const LEAST_SECONDS = 30
const LEAST_REQUESTS = 100
/** Maximum ratio of failed requests: failures are often faster than responses. */
const FAILED = 0.01
/** The users set the rate if it is this close to the most they can request. */
const NEAR_MOST = 0.9
/** Allowed deviation of the rate from that predicted for a given think time. */
const TOLERANCE = 0.15
/** Ratios this close to 1 are no difference. */
const WITHIN = 0.1

interface Measured {
  readonly run: LocustRun
  readonly phase: LocustPhase
  readonly name: string
  readonly validity: ImportFinding
  readonly limit: UsersLimit
}

type UsersLimit = ImportFinding & {
  /** Requests per second of the users at a response time of 0; undefined: unknown. */
  readonly most?: number
}

/** @param runs - the first number of replicas is compared with each other one. */
export function importLocust(runs: readonly LocustRun[], { think, users }: LocustImportOptions = {}): LocustImport {
  const measured = runs.map((run, place): Measured => {
    const nth = runs.slice(0, place).filter(({ replicas }) => replicas === run.replicas).length
    const suffix = nth === 0 ? String(run.replicas) : `${run.replicas}.${nth + 1}`
    const phase = phaseOf(run, users)
    const name = `${replicasText(run.replicas)}${nth === 0 ? '' : ` (run ${nth + 1})`}`
    return { run, phase, name, validity: validity(suffix, name, phase), limit: usersLimit(suffix, name, phase, think) }
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
const rate = (perSecond: number): string => `${perSecond.toFixed(1)} requests/s`
const percent = (ratio: number): string => `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %`

/** Long enough, without ramp-up and almost without failures. */
function validity(suffix: string, name: string, phase: LocustPhase): ImportFinding {
  const { seconds, requests, failures, rampUp, blocks } = phase
  const finding = {
    id: `import.valid.${suffix}`,
    statement: `Run with ${name} is long enough, steady and without failures`,
  }
  const problems = [
    ...(failures > requests * FAILED
      ? [
          `${failures} of ${requests} requests failed (${percent(failures / requests)}); failures are often faster than responses`,
        ]
      : []),
    ...(seconds < LEAST_SECONDS || requests < LEAST_REQUESTS
      ? [
          `${seconds.toFixed(0)} s with all users and ${requests} requests; ` +
            `${LEAST_SECONDS} s and ${LEAST_REQUESTS} requests are needed`,
        ]
      : []),
    ...drift(blocks),
  ]
  if (problems.length > 0) return { ...finding, holds: false, detail: problems.join('; ') }
  if (rampUp === undefined)
    return { ...finding, holds: null, detail: 'no _stats_history.csv, so the ramp-up is part of the figures' }
  return {
    ...finding,
    holds: true,
    detail:
      `${seconds} s after ${rampUp} s of ramp-up, ${failures} of ${requests} requests failed, ` +
      `${Math.min(...blocks).toFixed(1)} to ${Math.max(...blocks).toFixed(1)} requests/s in blocks of ${BLOCK_SECONDS} s`,
  }
}

/** A rate that rises or falls is not that of a steady state. */
function drift(blocks: readonly number[]): string[] {
  const half = Math.floor(blocks.length / 2)
  if (half === 0) return []
  const [before, after] = [mean(blocks.slice(0, half)), mean(blocks.slice(-half))]
  return Math.abs(after / before - 1) <= TOLERANCE
    ? []
    : [`the rate changed from ${before.toFixed(1)} to ${after.toFixed(1)} requests/s between the halves of the run`]
}

/**
 * By Little's law, N users with think time Z and response time R request N / (Z + R) per second, at most N / Z. With a
 * short R they set the rate, whatever the server.
 */
function usersLimit(suffix: string, name: string, phase: LocustPhase, think: number | undefined): UsersLimit {
  const { users, requestsPerSecond, mean, requests, failures } = phase
  const inconclusive = (statement: string, detail: string): ImportFinding => ({
    id: `import.users.${suffix}`,
    statement,
    holds: null,
    detail,
  })
  if (users === undefined)
    return inconclusive(
      `The users limit the throughput of ${name}`,
      'the number of users is unknown: put the _stats_history.csv beside the file, or specify --users',
    )
  const statement = `${users} users, not the app, limit the throughput of ${name}`
  if (requests < LEAST_REQUESTS) return inconclusive(statement, `${requests} requests are too few`)
  if (failures > requests * FAILED) return inconclusive(statement, `${failures} of ${requests} requests failed`)
  const response = mean / 1000
  // The rest of a user's time: the think time, and what Locust itself needs.
  const derived = users / requestsPerSecond - response
  const pause = think ?? Math.max(0, derived)
  const predicted = users / (pause + response)
  if (think !== undefined && Math.abs(requestsPerSecond / predicted - 1) > TOLERANCE)
    return inconclusive(
      statement,
      `measured ${rate(requestsPerSecond)}, but ${users} users with ${think} s think time and ${mean.toFixed(0)} ms ` +
        `response time request ${predicted.toFixed(1)}: the think time differs, or Locust was the limit`,
    )
  const ratio = pause / (pause + response)
  const most = pause > 0 ? users / pause : undefined
  const atMost = most === undefined ? '' : `, at most ${most.toFixed(1)} at a response time of 0`
  return {
    ...(most === undefined ? {} : { most }),
    id: `import.users.${suffix}`,
    statement,
    holds: ratio >= NEAR_MOST,
    detail:
      `${rate(requestsPerSecond)}${atMost}; users waited ${percent(1 - ratio)} of their time for responses ` +
      `(${mean.toFixed(0)} ms), ${think === undefined ? 'derived ' : ''}think time ${pause.toFixed(2)} s`,
  }
}

const failed = ({ phase }: Measured): boolean => phase.failures > phase.requests * FAILED
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const rateOf = (runs: readonly Measured[]): number => mean(runs.map(({ phase }) => phase.requestsPerSecond))
const responseOf = (runs: readonly Measured[]): number => mean(runs.map(({ phase }) => phase.mean))
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
  const bad = all.find(failed)
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
  const numbers = `${rateOf(base).toFixed(1)} and ${rateOf(other).toFixed(1)} requests/s, ratio ${(rateOf(other) / rateOf(base)).toFixed(2)}`
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
  return { ...finding, holds: answer === 'inconclusive' ? null : answer === 'more', detail: why }
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
    ...([...base, ...other].some(failed)
      ? [`Requests per second and response times are no capacity: they count failures, which cost the app little.`]
      : []),
  ]
}

const ALWAYS = [
  'The files do not contain the CPU usage of Locust: if it was the limit, all figures are those of Locust.',
  'They do not show which replica served a request: keep-alive connections may reach one replica only.',
]
