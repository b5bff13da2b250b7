import type { Message } from '../events/message.ts'
import { generatorLimit } from './meter.ts'
import type { LoadResult } from './result.ts'
import { percents, loadMessage } from './texts.ts'

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
): Message[] {
  const { ended, total, generator, lateP99 } = result
  const issues: Message[] = []
  if (ended !== 'in time') issues.push(loadMessage('load ended early: {why}', { why: loadMessage(ended) }))
  const limit = generatorLimit(generator, lateP99)
  if (limit !== undefined) issues.push(loadMessage('load generator is the bottleneck: {limit}', { limit }))
  if (total.requests === 0) issues.push(loadMessage('no request got a response'))
  else if (total.failures / total.requests > failed) {
    issues.push(
      loadMessage('{percent} % of the requests failed; the limit is {limit} %', {
        percent: ((total.failures / total.requests) * 100).toFixed(1),
        limit: failed * 100,
      }),
    )
  }
  if (replicas !== undefined) issues.push(...shareIssues(result.replicas, replicas, share))
  return issues
}

/** Checks that each replica served its share of the requests. */
export function shareIssues(responses: Readonly<Record<string, number>>, replicas: number, share: number): Message[] {
  const counts = Object.values(responses)
  if (counts.length !== replicas)
    return [loadMessage('{answered} of {replicas} replicas responded', { answered: counts.length, replicas })]
  const equal = counts.reduce((sum, count) => sum + count, 0) / replicas
  const least = Math.min(...counts)
  return least >= equal * share
    ? []
    : [
        loadMessage('one replica served {percent} % of an equal share; the minimum is {minimum} %', {
          percent: percents(least / equal),
          minimum: percents(share),
        }),
      ]
}
