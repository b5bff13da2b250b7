import type { Message } from 'labbook'
import { joinTexts, say } from '../../../messages/say.ts'
import type { RequestResult } from '../../../methods/steady-probe.ts'

/** A write of a client, and its result. */
export interface CountChange {
  /** Milliseconds since 1970, by the client's clock. */
  readonly at: number
  /** `no`: refused, not applied; `unsure`: sent, result unknown. */
  readonly was: 'ok' | 'no' | 'unsure'
  /** The count in the response. */
  readonly value?: number
  readonly why?: string
}

/** Log of a client. Incomplete if the client did not finish: its last lines may be missing. */
export interface ClientLog {
  readonly changes: readonly CountChange[]
  readonly complete: boolean
}

/** Parses the output of `client.py increments`. Truncated lines are skipped. */
export function parseLog(stdout: string): ClientLog {
  const changes: CountChange[] = []
  let whole = false
  for (const line of stdout.split('\n')) {
    const entry = parseObject(line)
    if (entry === undefined) continue
    if (entry.ended === true) whole = true
    else if (typeof entry.at === 'number' && (entry.was === 'ok' || entry.was === 'no' || entry.was === 'unsure')) {
      changes.push({
        at: entry.at,
        was: entry.was,
        ...(typeof entry.value === 'number' ? { value: entry.value } : {}),
        ...(typeof entry.why === 'string' ? { why: entry.why } : {}),
      })
    }
  }
  return { changes, complete: whole }
}

/** Parses JSON objects, one per line. */
export const parseJsonLines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .map(parseObject)
    .filter((entry) => entry !== undefined)

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Increments of all clients, compared with the count. */
export interface Loss {
  readonly acknowledged: number
  readonly indeterminate: number
  readonly added: number
  /** Acknowledged, and certainly missing from the final count. */
  readonly lost: number
  /** Upper bound of lost increments: the loss if all indeterminate ones were applied. */
  readonly maxLost: number
}

/** Responses to clients: the count of each acknowledged increment, and the number of indeterminate ones. */
export interface AcknowledgedCounts {
  readonly values: readonly number[]
  readonly indeterminate: number
}

/**
 * Computes lost increments from the acknowledged counts and the count before and after. Each lasting increment has a
 * unique count between the two, so of two with the same count, or of one beyond the final count, one is lost. This
 * finds losses that applied indeterminate increments would hide in the sum.
 *
 * @returns undefined if a count is unknown.
 */
export function lossOf({ values, indeterminate }: AcknowledgedCounts, before: number, after: number): Loss | undefined {
  if (!Number.isFinite(before) || !Number.isFinite(after)) return undefined
  const lasting = new Set(values.filter((value) => value > before && value <= after)).size
  const [acknowledged, added] = [values.length, after - before]
  const lost = acknowledged - lasting
  return {
    acknowledged,
    indeterminate,
    added,
    lost,
    maxLost: Math.min(acknowledged, Math.max(lost, acknowledged + indeterminate - added)),
  }
}

export const acknowledgedCounts = (
  changes: readonly CountChange[],
): AcknowledgedCounts & { readonly refused: number } => ({
  // An acknowledgment without a count cannot match any final count.
  values: changes.flatMap(({ was, value }) => (was === 'ok' ? [value ?? Number.POSITIVE_INFINITY] : [])),
  indeterminate: changes.filter(({ was }) => was === 'unsure').length,
  refused: changes.filter(({ was }) => was === 'no').length,
})

/** Acknowledged counts of requests to the app. Failed increments are indeterminate: they may have been applied. */
export function acknowledgedByRequests(requests: readonly RequestResult[]): {
  values: number[]
  indeterminate: number
} {
  const posts = requests.filter(({ method }) => method === 'POST')
  const successful = posts.filter(({ error }) => error === '')
  return {
    values: successful.map(({ count }) => count ?? Number.POSITIVE_INFINITY),
    indeterminate: posts.length - successful.length,
  }
}

/** Upper bound (95 % confidence) of the loss probability after `runs` runs without a loss: the exact rule of three. */
export const lossProbabilityBound = (runs: number): number => (runs < 1 ? 1 : 1 - 0.05 ** (1 / runs))

/** Verdict on the losses of several runs. */
export function lossVerdict(losses: readonly (Loss | undefined)[]): {
  readonly none: boolean | null
  readonly summary: Message
} {
  const known = losses.filter((loss) => loss !== undefined)
  const total = (pick: (loss: Loss) => number): number => known.reduce((sum, loss) => sum + pick(loss), 0)
  const lost = total((loss) => loss.lost)
  const runs = say('{n|run|runs}', { n: losses.length })
  const numbers = say('{acknowledged} acknowledged, {added} counted, {indeterminate} indeterminate', {
    acknowledged: total(({ acknowledged }) => acknowledged),
    added: total(({ added }) => added),
    indeterminate: total(({ indeterminate }) => indeterminate),
  })
  if (lost > 0) {
    const runsWithLoss = known.filter((loss) => loss.lost > 0).length
    return {
      none: false,
      summary: say('{lost} acknowledged increments lost in {runsWithLoss} of {runs} ({each}); {numbers}', {
        lost,
        runsWithLoss,
        runs,
        each: joinTexts(known.map((loss) => loss.lost)),
        numbers,
      }),
    }
  }
  if (known.length < losses.length || known.length === 0) {
    return {
      none: null,
      summary: say('count unknown in {unknown} of {runs}; {numbers}', {
        unknown: losses.length - known.length,
        runs,
        numbers,
      }),
    }
  }
  if (total(({ acknowledged }) => acknowledged) === 0)
    return { none: null, summary: say('no increment was acknowledged; {numbers}', { numbers }) }
  const maxLost = total(({ maxLost: mostLost }) => mostLost)
  const bound = say('loss probability below {percent} % per run (95 % confidence)', {
    percent: Math.round(lossProbabilityBound(losses.length) * 100),
  })
  return {
    none: true,
    summary: say('0 acknowledged increments lost in {runs}; {numbers}; {bound}{hidden}', {
      runs,
      numbers,
      bound,
      hidden:
        maxLost > 0 ? say('; at most {maxLost} losses may be hidden by indeterminate increments', { maxLost }) : '',
    }),
  }
}
