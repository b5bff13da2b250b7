import type { Outcome } from '../shell/batch.ts'
import { Unresolved } from '../values/reference.ts'
import { sameShell, timeLimitOf, type Entry } from './entry.ts'
import { runBatch, type RunHost } from './host.ts'
import { MissingInput } from './inputs.ts'
import type { Keep } from './output.ts'
import { BadParameters, conditions, prepare, titleOf, wanted, type Prepared } from './prepare.ts'
import type { RunState } from './state.ts'

/** More probes than this in one script would make its answer late without saving anything. */
const MOST_AT_ONCE = 200

interface Ahead {
  readonly index: number
  readonly probe: string
}

/**
 * Looks at a host for as many tasks as it can in one round trip: with the task at hand, the probes of those after it are
 * sent along. An answer is used only if the task, when its turn comes, still asks the very same question, and nothing
 * has been changed since.
 */
export class Prober {
  readonly #state: RunState
  readonly #host: RunHost
  readonly #vars: Readonly<Record<string, unknown>>
  readonly #entries: readonly Entry[]
  readonly #isDue: (entry: Entry) => boolean
  readonly #answers = new Map<number, { probe: string; outcome: Outcome }>()

  constructor(state: RunState, host: RunHost, vars: Readonly<Record<string, unknown>>, entries: readonly Entry[], isDue: (entry: Entry) => boolean) {
    this.#state = state
    this.#host = host
    this.#vars = vars
    this.#entries = entries
    this.#isDue = isDue
  }

  /** Forgets what was seen: the host has been changed. */
  forget(): void {
    this.#answers.clear()
  }

  /**
   * The outcome of a task's probe, from an earlier round trip or a new one.
   * @param extra - scripts to run before, in the same round trip; their outcomes go to `onExtra`.
   */
  async look(index: number, { params, probe }: Prepared, extra: readonly string[], onExtra: (outcomes: Outcome[]) => void): Promise<Outcome> {
    const kept = this.#answers.get(index)
    if (kept?.probe === probe && extra.length === 0 && kept.outcome.long === undefined) return kept.outcome
    const entry = this.#entries[index] as Entry
    const ahead = await this.#ahead(index + 1, entry)
    const outcomes = await this.#send(entry, params, [...extra, probe], ahead)
    onExtra(outcomes.slice(0, extra.length))
    return outcomes[extra.length] as Outcome
  }

  /**
   * Runs the scripts of a change, then the task's own probe where that shows what came of it, then those of the tasks after
   * it: one round trip.
   * @returns outcomes of the scripts; of the probe only if all scripts succeeded.
   */
  async change(index: number, { params, probe }: Prepared, scripts: readonly string[]): Promise<{ changes: Outcome[]; verify: Outcome | undefined }> {
    this.forget()
    const entry = this.#entries[index] as Entry
    const { waits, comesBack, result } = entry.task.module
    const verify = result === undefined
    const ahead = waits === true || comesBack !== undefined ? [] : await this.#ahead(index + 1, entry)
    const own = verify ? [...scripts, probe] : scripts
    const outcomes = await this.#send(entry, params, own, ahead, scripts.length)
    return { changes: outcomes.slice(0, scripts.length), verify: verify ? outcomes[scripts.length] : undefined }
  }

  async #send(entry: Entry, params: unknown, own: readonly string[], ahead: readonly Ahead[], stopOnFailure = 0): Promise<Outcome[]> {
    const outcomes = await runBatch(entry.target.connection, [...own, ...ahead.map(({ probe }) => probe)], {
      ...(entry.become === undefined ? {} : { become: entry.become }),
      timeLimitSeconds: timeLimitOf(entry, params),
      keep: (script) => (script < own.length ? this.#keep(entry, script < stopOnFailure ? 'change' : 'probe') : { for: 'ahead' }),
      stopOnFailure,
    })
    outcomes.slice(own.length).forEach((outcome, i) => {
      const { index, probe } = ahead[i] as Ahead
      this.#answers.set(index, { probe, outcome })
    })
    return outcomes.slice(0, own.length)
  }

  /** What a task with `no_log` prints goes to no file. */
  #keep({ task, target }: Entry, purpose: 'change' | 'probe'): Keep {
    const { openSpool } = this.#state
    if (openSpool === undefined || task.keywords.no_log === true) return { for: purpose }
    return { for: purpose, spool: (stream) => openSpool({ host: target.name, task: titleOf(task), stream }) }
  }

  /** The probes of the tasks from `from` on that can be asked now, in the same shell. */
  async #ahead(from: number, first: Entry): Promise<Ahead[]> {
    const ahead: Ahead[] = []
    const scope = this.#state.registry.scope(this.#host.name)
    for (let index = from; index < this.#entries.length && ahead.length < MOST_AT_ONCE; index++) {
      const entry = this.#entries[index] as Entry
      if (!this.#isDue(entry)) continue
      if (entry.once !== undefined || entry.task.module.waits || !sameShell(first, entry)) break
      try {
        if (!wanted(entry.task, conditions(this.#host.name, this.#vars, scope))) continue
        ahead.push({ index, probe: (await prepare(entry.task, scope, this.#state.reader)).probe })
      } catch (error) {
        // Its turn will come; what is wrong is said then.
        if (error instanceof Unresolved || error instanceof BadParameters || error instanceof MissingInput) break
        throw error
      }
    }
    return ahead
  }
}
