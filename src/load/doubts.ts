import { generatorLimit } from './meter.ts'
import type { LoadResult } from './result.ts'

export interface DoubtOptions {
  /** Part of the requests that may fail. Default 0.01. */
  readonly failed?: number
  /** Replicas that are to answer; absent where answers do not tell who gave them. */
  readonly replicas?: number
  /** Each is to give at least this part of an equal share. Default 0.5. */
  readonly share?: number
}

/** Why what was measured does not tell what the servers can do; none is best. */
export function doubtsOf(result: LoadResult, { failed = 0.01, replicas, share = 0.5 }: DoubtOptions = {}): string[] {
  const { ended, total, generator, lateP99 } = result
  const doubts: string[] = []
  if (ended !== 'in time') doubts.push(`the load ended early: ${ended}`)
  const limit = generatorLimit(generator, lateP99)
  if (limit !== undefined) doubts.push(`the load generator is the limit: ${limit}`)
  if (total.requests === 0) doubts.push('no request was answered')
  else if (total.failures / total.requests > failed) {
    doubts.push(
      `${((total.failures / total.requests) * 100).toFixed(1)} % of the requests failed, and ${failed * 100} % is the limit`,
    )
  }
  if (replicas !== undefined) doubts.push(...shareDoubts(result.replicas, replicas, share))
  return doubts
}

/** Whether each replica got its share of the answers. */
export function shareDoubts(answers: Readonly<Record<string, number>>, replicas: number, share: number): string[] {
  const counts = Object.values(answers)
  if (counts.length !== replicas) return [`${counts.length} replicas answered, not ${replicas}`]
  const equal = counts.reduce((sum, count) => sum + count, 0) / replicas
  const least = Math.min(...counts)
  return least >= equal * share
    ? []
    : [
        `a replica got ${Math.round((least / equal) * 100)} % of an equal share of the requests, and ${share * 100} % is the least`,
      ]
}
