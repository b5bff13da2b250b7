import { PlaybookError, type CareContext } from '../../../../src/labbook.ts'

/** The app's counter, as Redis has it. */
export const KEY = 'counter'

/** Losses are rare, so once is no proof. */
const LEAST_REPEATS = 5

/** How often each experiment on loss is repeated within itself: `redis_repeats`. */
export function repeatsOf({ hosts, hostvars }: Pick<CareContext, 'hosts' | 'hostvars'>): number {
  const given = hostvars(hosts[0] as string).redis_repeats ?? LEAST_REPEATS
  const repeats = Number(given)
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 100)
    throw new PlaybookError(`redis_repeats is ${JSON.stringify(given)}: give a whole number from 1 to 100`)
  return repeats
}

/** What fewer repeats than the usual mean for what is said. */
export const fewRepeats = (repeats: number): string =>
  repeats < LEAST_REPEATS ? `; ${repeats} repeats are fewer than the ${LEAST_REPEATS} it takes to speak of it` : ''
