import {
  type ConnectionSettings,
  connectionDefaults,
  lockedKeys,
  passphraseProblem,
  setConnectionDefaults,
  unknownHostKeys,
} from '../connection/index.ts'
import { Cancelled, confirm, promptPassword } from '../ui/index.ts'
import type { Secret } from '../values/secret.ts'
import { UsageError } from './usage-error.ts'

/** As NumberOfPasswordPrompts of ssh_config. */
const ATTEMPTS = 3

/** Rounds of questions about host keys: those behind a jump host are asked about after its own. */
const MOST_ROUNDS = 8

/**
 * Asks what a login would ask: the passphrases of keys, and whether to trust hosts never seen. Only on a terminal.
 *
 * @param settings - reads those of the run's hosts, with what was answered so far.
 * @throws {Cancelled} the user does not trust a host.
 */
export async function prepareConnections(settings: () => readonly ConnectionSettings[]): Promise<void> {
  const passphrases = new Map(connectionDefaults().passphrases)
  for (const file of await lockedKeys(settings())) passphrases.set(file, await passphraseOf(file))
  setConnectionDefaults({ passphrases })
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const unknown = await unknownHostKeys(settings())
    if (unknown.length === 0) return
    const about = [
      'These hosts were never seen. Compare the fingerprints of their keys:',
      ...unknown.map(({ shown }) => `  ${shown}`),
    ]
    const files = [...new Set(unknown.map(({ file }) => file))].join(', ')
    if (!(await confirm(`Trust these hosts, and add their keys to ${files}?`, about))) throw new Cancelled()
    for (const each of unknown) each.accept()
  }
}

async function passphraseOf(file: string): Promise<Secret> {
  for (let attempt = 1; ; attempt++) {
    const passphrase = await promptPassword(`Passphrase for key ${file}`)
    const problem = await passphraseProblem(file, passphrase.reveal())
    if (problem === undefined) return passphrase
    if (attempt === ATTEMPTS) throw new UsageError(problem)
  }
}
