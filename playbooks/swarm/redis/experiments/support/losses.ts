/** A change that a client asked for, and what came of it. */
export interface Change {
  /** Milliseconds since 1970, by the client's clock. */
  readonly at: number
  /** `no`: refused, and so not made; `unsure`: sent, without an answer that tells. */
  readonly was: 'ok' | 'no' | 'unsure'
  /** The count that the answer told. */
  readonly value?: number
  readonly why?: string
}

/**
 * What a client wrote down, and whether it came to its end: of one that was cut short, the last lines may be missing.
 */
export interface ClientLog {
  readonly changes: readonly Change[]
  readonly whole: boolean
}

/** Reads what `client.py increments` prints. A line that was cut off in the middle tells nothing and is left out. */
export function readLog(stdout: string): ClientLog {
  const changes: Change[] = []
  let whole = false
  for (const line of stdout.split('\n')) {
    const entry = parsed(line)
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
  return { changes, whole }
}

/** The JSON objects that a program printed, one on a line. */
export const readLines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .map(parsed)
    .filter((entry) => entry !== undefined)

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Increments of all clients together, held against the count. */
export interface Loss {
  readonly acknowledged: number
  readonly unsure: number
  readonly added: number
  /** Acknowledged, and certainly not there in the end. */
  readonly lost: number
  /**
   * The most that may be lost: were all of those without a clear answer counted, so many of those acknowledged were
   * not.
   */
  readonly mostLost: number
}

/** What clients were told: the count that each acknowledged increment came to, and how many are in doubt. */
export interface Told {
  readonly values: readonly number[]
  readonly unsure: number
}

/**
 * What was lost of increments, from what clients were told and the count before and after. Each increment that lasts
 * comes to a count of its own between the two; so two that were told the same one, or one beyond the end, are not both
 * there. That finds losses which increments without an answer would make up for in the sum.
 *
 * @returns undefined where a count is not known: that is no loss, it is not known.
 */
export function lossOf({ values, unsure }: Told, before: number, after: number): Loss | undefined {
  if (!Number.isFinite(before) || !Number.isFinite(after)) return undefined
  const lasting = new Set(values.filter((value) => value > before && value <= after)).size
  const [acknowledged, added] = [values.length, after - before]
  const lost = acknowledged - lasting
  return {
    acknowledged,
    unsure,
    added,
    lost,
    mostLost: Math.min(acknowledged, Math.max(lost, acknowledged + unsure - added)),
  }
}

export const toldOf = (changes: readonly Change[]): Told & { readonly refused: number } => ({
  // An acknowledgment without a count would be one that no count in the end can hold.
  values: changes.flatMap(({ was, value }) => (was === 'ok' ? [value ?? Number.POSITIVE_INFINITY] : [])),
  unsure: changes.filter(({ was }) => was === 'unsure').length,
  refused: changes.filter(({ was }) => was === 'no').length,
})

/**
 * How sure: with no loss seen in `times` tries, the chance of a loss is below this with 95 % confidence (the rule of
 * three, exact).
 */
export const upperChance = (times: number): number => (times < 1 ? 1 : 1 - 0.05 ** (1 / times))

/** What was measured, several times over. */
export function lossVerdict(losses: readonly (Loss | undefined)[]): {
  readonly none: boolean | null
  readonly says: string
} {
  const known = losses.filter((loss) => loss !== undefined)
  const total = (pick: (loss: Loss) => number): number => known.reduce((sum, loss) => sum + pick(loss), 0)
  const lost = total((loss) => loss.lost)
  const times = `${losses.length} time${losses.length === 1 ? '' : 's'}`
  const numbers = `${total(({ acknowledged }) => acknowledged)} acknowledged, ${total(({ added }) => added)} counted, ${total(({ unsure }) => unsure)} without a clear answer`
  if (lost > 0) {
    const hit = known.filter((loss) => loss.lost > 0).length
    return {
      none: false,
      says: `${lost} acknowledged increments lost in ${hit} of ${times} (${known.map((loss) => loss.lost).join(', ')}): ${numbers}`,
    }
  }
  if (known.length < losses.length || known.length === 0) {
    return { none: null, says: `the count was not known ${losses.length - known.length} of ${times}: ${numbers}` }
  }
  if (total(({ acknowledged }) => acknowledged) === 0)
    return { none: null, says: `nothing was acknowledged that could be lost: ${numbers}` }
  const doubt = total(({ mostLost }) => mostLost)
  const sure = `no loss in ${times} means a chance below ${Math.round(upperChance(losses.length) * 100)} % each time (95 % confidence)`
  return {
    none: true,
    says: `no acknowledged increment is missing in ${times}: ${numbers}; ${sure}${doubt > 0 ? `; at most ${doubt} could hide behind answers that never came` : ''}`,
  }
}
