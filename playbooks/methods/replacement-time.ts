import { asList, asMap } from '../stack/compose-values.ts'

const NANO = 1e9
/** Docker's defaults. */
const [INTERVAL_SECONDS, TIMEOUT_SECONDS, RETRIES] = [30, 30, 3]
/** Time to replace the task after it is unhealthy. */
const REPLACEMENT_SECONDS = 45
const MAX_SECONDS = 600

/** Seconds until a hung container must be replaced; undefined without a health check. */
export function replacementTime(json: string): number | undefined {
  const check = asMap(JSON.parse(json === '' ? 'null' : json))
  const words = asList(check.Test)
  if (words.length < 2 || words[0] === 'NONE') return undefined
  const of = (value: unknown, fallback: number): number => (Number(value ?? 0) > 0 ? Number(value) / NANO : fallback)
  const retries = Number(check.Retries ?? 0) > 0 ? Number(check.Retries) : RETRIES
  const attempt = of(check.Interval, INTERVAL_SECONDS) + of(check.Timeout, TIMEOUT_SECONDS)
  return Math.min(MAX_SECONDS, Math.ceil(attempt * (retries + 1)) + REPLACEMENT_SECONDS)
}
