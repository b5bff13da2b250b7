import { PlaybookError, type SetupContext } from 'labbook'

/** Redis key of the app's counter. */
export const KEY = 'counter'

/** Lost writes are rare, so a single run proves little. */
const DEFAULT_REPEATS = 5

/** Number of repetitions within each experiment on lost writes: `redis_repeats`. */
export function repeatCount({ hosts, hostvars }: Pick<SetupContext, 'hosts' | 'hostvars'>): number {
  const value = hostvars(hosts[0] as string).redis_repeats ?? DEFAULT_REPEATS
  const repeats = Number(value)
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 100)
    throw new PlaybookError(`redis_repeats is ${JSON.stringify(value)}: it must be a whole number from 1 to 100`)
  return repeats
}

/** Note for a detail that rests on fewer repeats than the default. */
export const lowRepeatNote = (repeats: number): string =>
  repeats < DEFAULT_REPEATS ? `; only ${repeats} of the recommended ${DEFAULT_REPEATS} repeats` : ''
