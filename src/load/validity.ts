import { generatorLimit } from './meter.ts'
import type { LoadResult } from './result.ts'

export interface ValidityOptions {
  /** Maximum ratio of failed requests. Default 0.01. */
  readonly failed?: number
  /** Expected number of replicas; absent if responses do not name their replica. */
  readonly replicas?: number
  /** Minimum share of each replica, relative to an equal share. Default 0.5. */
  readonly share?: number
}

/** Reasons why the result does not measure the servers. Empty: the result is valid. */
export function validityIssues(
  result: LoadResult,
  { failed = 0.01, replicas, share = 0.5 }: ValidityOptions = {},
): string[] {
  const { ended, total, generator, lateP99 } = result
  const issues: string[] = []
  if (ended !== 'in time') issues.push(`load ended early: ${ended}`)
  const limit = generatorLimit(generator, lateP99)
  if (limit !== undefined) issues.push(`load generator is the bottleneck: ${limit}`)
  if (total.requests === 0) issues.push('no request got a response')
  else if (total.failures / total.requests > failed) {
    issues.push(
      `${((total.failures / total.requests) * 100).toFixed(1)} % of the requests failed; the limit is ${failed * 100} %`,
    )
  }
  if (replicas !== undefined) issues.push(...shareIssues(result.replicas, replicas, share))
  return issues
}

/** Checks that each replica served its share of the requests. */
export function shareIssues(responses: Readonly<Record<string, number>>, replicas: number, share: number): string[] {
  const counts = Object.values(responses)
  if (counts.length !== replicas) return [`${counts.length} of ${replicas} replicas responded`]
  const equal = counts.reduce((sum, count) => sum + count, 0) / replicas
  const least = Math.min(...counts)
  return least >= equal * share
    ? []
    : [`one replica served ${Math.round((least / equal) * 100)} % of an equal share; the minimum is ${share * 100} %`]
}
