import { PlaybookError } from './play.ts'
import { toText } from '../values/to-text.ts'

/** Timeout multiplier for hosts whose CPU is emulated in software. */
const EMULATED_MULTIPLIER = 10
/** Upper bound: a timeout of seconds must not exceed minutes. */
const MAX_MULTIPLIER = 60

interface Hosts {
  readonly hostvars: (host: string) => Readonly<Record<string, unknown>>
}

/**
 * The timeout multiplier of the slowest of these hosts: their variable `slowdown`, otherwise derived from facts (1
 * without facts). It scales health checks of stacks, timeouts, polling intervals and request rates.
 *
 * @throws {PlaybookError} `slowdown` is not an integer from 1 to 60.
 */
export const timeoutMultiplierOf = ({ hostvars }: Hosts, hosts: readonly string[]): number =>
  Math.max(1, ...hosts.map((host) => multiplierOf(host, hostvars(host))))

/**
 * Multiplier for fixed observation and load durations on slow hosts: the square root of the timeout multiplier. The
 * full multiplier would take hours.
 */
export const durationMultiplierOf = (slowdown: number): number => Math.ceil(Math.sqrt(slowdown))

function multiplierOf(host: string, { slowdown, ansible_facts: facts }: Readonly<Record<string, unknown>>): number {
  if (slowdown === undefined)
    return (facts as { virtualization_type?: string } | undefined)?.virtualization_type === 'qemu'
      ? EMULATED_MULTIPLIER
      : 1
  const number = Number(slowdown)
  if (!Number.isInteger(number) || number < 1 || number > MAX_MULTIPLIER)
    throw new PlaybookError(
      `variable "slowdown" of ${host} must be an integer from 1 to ${MAX_MULTIPLIER}, not "${toText(slowdown)}"`,
    )
  return number
}
