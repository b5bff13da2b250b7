import { PlaybookError } from './play.ts'

/**
 * A machine whose instructions are emulated in software takes about so many times as long as one with a processor of
 * its own.
 */
const EMULATED = 10
/** Limits that are seconds when nothing is slow stay within minutes. */
const MOST = 60

interface Hosts {
  hostvars(host: string): Readonly<Record<string, unknown>>
}

/**
 * How many times slower than a machine with a processor of its own the slowest of some hosts is taken to be: their
 * variable `slowdown`, else what their facts tell (1 where there are none). Health checks of stacks, looks, time limits
 * and the rate of requests in experiments go by it.
 *
 * @throws {PlaybookError} when `slowdown` is not a whole number from 1 to 60.
 */
export const slowdownOf = ({ hostvars }: Hosts, hosts: readonly string[]): number =>
  Math.max(1, ...hosts.map((host) => ofOne(host, hostvars(host))))

/**
 * How many times as long to go on where machines are slow with what is not waited for, but measured or watched for a
 * while: its root, as so many times as long as everything takes there would be hours.
 */
export const longerWhere = (slowdown: number): number => Math.ceil(Math.sqrt(slowdown))

function ofOne(host: string, { slowdown, ansible_facts: facts }: Readonly<Record<string, unknown>>): number {
  if (slowdown === undefined)
    return (facts as { virtualization_type?: string } | undefined)?.virtualization_type === 'qemu' ? EMULATED : 1
  const number = Number(slowdown)
  if (!Number.isInteger(number) || number < 1 || number > MOST)
    throw new PlaybookError(`slowdown of ${host} is "${String(slowdown)}": it must be a whole number from 1 to ${MOST}`)
  return number
}
