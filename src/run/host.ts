import { randomBytes } from 'node:crypto'
import type { Become, Connection } from '../connection/connection.ts'
import { composeBatch, parseBatch, type Outcome } from '../shell/batch.ts'
import { emptyRecap } from './recap.ts'
import type { Recap } from './events.ts'

/** A host as the run knows it: its variables, its line, and what became of it so far. */
export interface RunHost {
  readonly name: string
  readonly vars: Readonly<Record<string, unknown>>
  readonly connection: Connection
  /** From the inventory: `ansible_become*`. A play's or task's own words go first. */
  readonly become: { readonly always: boolean; readonly user: string; readonly password?: Become['password'] }
  readonly recap: Recap
  /** From `gather_facts`; kept for the run. */
  facts: Readonly<Record<string, unknown>>
  /** Check mode: the last task that would have changed it. */
  wouldChange?: string
  /** Check mode: why it could not be reached, where an earlier task may be what makes it. */
  unreached?: string
  /** Why it takes no further part. */
  out?: 'failed' | 'unreachable'
}

export const runHost = (given: Pick<RunHost, 'name' | 'vars' | 'connection' | 'become'>): RunHost => ({
  ...given,
  recap: emptyRecap(),
  facts: {},
})

/** The script was cut short on the target: its shell was killed or could not go on. */
export class CutShort extends Error {
  override readonly name = 'CutShort'
}

export interface BatchOptions {
  readonly become?: Become
  readonly timeLimitSeconds: number
  /** How many of the first scripts must each succeed for the next to run. */
  readonly stopOnFailure?: number
}

/**
 * Runs scripts on a host in one round trip.
 *
 * @returns the outcomes in order; fewer than scripts only when one of the first `stopOnFailure` failed.
 * @throws {Unreachable | TimeLimit | BecomeFailed} from the connection, {@link CutShort} when the end is missing.
 */
export async function runBatch(connection: Connection, scripts: readonly string[], options: BatchOptions): Promise<Outcome[]> {
  const mark = `lb-${randomBytes(9).toString('hex')}`
  const { stopOnFailure = 0, ...exchange } = options
  const answer = await connection.exchange(composeBatch(scripts, mark, stopOnFailure), exchange)
  const outcomes = parseBatch(answer.stdout, answer.stderr, mark)
  const last = outcomes.at(-1)
  const stopped = last !== undefined && outcomes.length <= stopOnFailure && last.exitCode !== 0
  if (outcomes.length < scripts.length && !stopped) {
    const said = answer.stderr.toString('utf8').trim().split('\n').at(-1) ?? ''
    throw new CutShort(`the shell on the host ended early (exit code ${answer.exitCode})${said === '' ? '' : `: ${said}`}`)
  }
  return outcomes
}
