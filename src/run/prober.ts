import type { Plan } from '../modules/module.ts'
import type { Outcome, Step } from '../shell/batch.ts'
import { Unresolved } from '../values/reference.ts'
import { sameShell, timeLimitOf, type Entry } from './entry.ts'
import { affects, together, type Words } from './foreseen.ts'
import { runBatch, type RunHost } from './host.ts'
import { MissingInput } from './inputs.ts'
import { ConditionError } from './mistake.ts'
import type { Keep } from './output.ts'
import type { Play } from './play.ts'
import { changeScripts, inOrder, planOf, readsOf, setsOf } from './planned.ts'
import { betweenHosts } from './turns.ts'
import { BadParameters, conditions, prepare, titleOf, wanted, type Prepared } from './prepare.ts'
import type { RunState } from './state.ts'

/** Larger scripts delay the response without saving round trips. */
const MOST_AT_ONCE = 200

/** What the tasks of one host in one play share. */
export interface Setting {
  readonly state: RunState
  readonly play: Play
  readonly host: RunHost
  readonly vars: Readonly<Record<string, unknown>>
  /** Names of the play's handlers. */
  readonly handlers: readonly string[]
}

interface Answer {
  readonly prepared: Prepared
  readonly outcome: Outcome
}

/** The results of a change. */
interface Changed {
  /** In script order; incomplete if a script failed. */
  readonly changes: readonly Outcome[]
  /** Of the task's probe, if a probe verifies the change and all scripts succeeded. */
  readonly verify: Outcome | undefined
}

/** A change to send to the host. */
interface Going {
  readonly index: number
  readonly entry: Entry
  readonly prepared: Prepared
  readonly scripts: readonly string[]
  /** Resource keys that the plan depends on, and those its changes modify. */
  readonly reads: Words
  readonly sets: Words
}

/**
 * Probes and changes a host in as few round trips as possible. Each round trip carries
 *
 * - with the probe of the current task, the probes of following tasks (prefetch);
 * - with its changes, those of following tasks that are already probed and independent of earlier changes in the batch.
 *   Dependencies follow from the `reads` and `sets` of modules.
 *
 * A prefetched result is used only if the task still has the identical probe, and nothing it depends on has changed
 * since.
 */
export class Prober {
  readonly #setting: Setting
  readonly #entries: readonly Entry[]
  readonly #isDue: (entry: Entry) => boolean
  readonly #answers = new Map<number, Answer>()
  readonly #changed = new Map<number, Changed & Pick<Going, 'scripts'>>()

  constructor(setting: Setting, entries: readonly Entry[], isDue: (entry: Entry) => boolean) {
    this.#setting = setting
    this.#entries = entries
    this.#isDue = isDue
  }

  /** Invalidates all results: the state of the host may have changed. */
  forget(): void {
    this.#answers.clear()
    this.#changed.clear()
  }

  /** Whether the task's changes were already applied in an earlier task's batch, and are yet to be reported. */
  isChanged(index: number): boolean {
    return this.#changed.has(index)
  }

  /**
   * The result of a task's probe, prefetched or from a new round trip.
   * @param extra - scripts to run first in the same round trip; `onExtra` receives their results.
   */
  async look(
    index: number,
    prepared: Prepared,
    extra: readonly string[],
    onExtra: (outcomes: Outcome[]) => void,
  ): Promise<Outcome> {
    const kept = this.#answers.get(index)
    if (kept?.prepared.probe.text === prepared.probe.text && extra.length === 0 && kept.outcome.long === undefined)
      return kept.outcome
    const entry = this.#entries[index] as Entry
    entry.target.connection.open()
    await betweenHosts()
    const ahead = await this.#ahead(index + 1, entry)
    const outcomes = await this.#send(
      entry,
      timeLimitOf(entry, prepared.params),
      [
        ...extra.map((script) => ({ script, keep: this.#keep(entry, 'probe') })),
        { script: prepared.probe, keep: this.#keep(entry, 'probe') },
      ],
      ahead,
    )
    onExtra(outcomes.slice(0, extra.length))
    const outcome = outcomes[extra.length] as Outcome
    this.#answers.set(index, { prepared, outcome })
    return outcome
  }

  /** Applies a task's changes. Runs its probe again, unless the module evaluates the output of the changes. */
  async change(index: number, prepared: Prepared, plan: Plan<unknown>, scripts: readonly string[]): Promise<Changed> {
    const entry = this.#entries[index] as Entry
    const made = this.#changed.get(index)
    this.#changed.delete(index)
    if (made !== undefined && made.scripts.join('\0') === scripts.join('\0'))
      return await this.#verified({ entry, prepared, scripts }, made)
    const first: Going = {
      index,
      entry,
      prepared,
      scripts,
      reads: readsOf(entry, prepared, plan),
      sets: setsOf(entry, prepared, plan),
    }
    const { more, sets, last } = await this.#along(first)
    const group = [first, ...more]
    this.#forgetAffected(sets, last)
    const { waits, comesBack } = entry.task.module
    const ahead = waits === true || comesBack !== undefined ? [] : await this.#ahead(last + 1, entry)
    const steps = inTurn(group)
    let outcomes: Outcome[]
    try {
      outcomes = await this.#send(
        entry,
        sum(group.map((going) => timeLimitOf(going.entry, going.prepared.params))),
        steps.map(({ going, script }) =>
          script === undefined
            ? { script: going.prepared.probe, keep: this.#keep(going.entry, 'probe') }
            : { script, keep: this.#keep(going.entry, 'change'), mustSucceed: true },
        ),
        ahead,
      )
    } catch (error) {
      // Some changes may have been applied.
      this.forget()
      throw error
    }
    const changed = group.map((going): Changed => {
      const own = outcomes
        .map((outcome, i) => ({ outcome, step: steps[i] as InTurn }))
        .filter(({ step }) => step.going === going)
      return {
        changes: own.filter(({ step }) => step.script !== undefined).map(({ outcome }) => outcome),
        verify: own.find(({ step }) => step.script === undefined)?.outcome,
      }
    })
    more.forEach((going, i) => {
      const other = changed[i + 1] as Changed
      if (other.changes.length > 0) this.#changed.set(going.index, { ...other, scripts: going.scripts })
    })
    this.#answers.delete(index)
    return await this.#verified(first, changed[0] as Changed)
  }

  /** Verifies a change whose probe did not run because a later change in the batch failed. */
  async #verified(
    { entry, prepared, scripts }: Pick<Going, 'entry' | 'prepared' | 'scripts'>,
    changed: Changed,
  ): Promise<Changed> {
    const complete =
      changed.changes.length === scripts.length && changed.changes.every(({ exitCode }) => exitCode === 0)
    if (!complete || changed.verify !== undefined || !isVerified(entry)) return changed
    const [verify] = await this.#send(
      entry,
      timeLimitOf(entry, prepared.params),
      [{ script: prepared.probe, keep: this.#keep(entry, 'probe') }],
      [],
    )
    return { ...changed, verify }
  }

  /**
   * The changes of following tasks that can be applied in the same batch, the resource keys that all of them modify,
   * and the index of the last task.
   */
  async #along(first: Going): Promise<{ more: Going[]; sets: Words; last: number }> {
    const { play, handlers, vars, host, state } = this.#setting
    const more: Going[] = []
    let all = first.sets
    const scope = state.registry.scope(host.name)
    for (
      let index = first.index + 1;
      mayGoTogether(first.entry) && index < this.#entries.length && more.length < MOST_AT_ONCE;
      index++
    ) {
      const entry = this.#entries[index] as Entry
      const answer = this.#answers.get(index)
      if (!this.#isDue(entry)) continue
      try {
        if (entry.once === undefined && !wanted(entry.task, conditions(host.name, vars, scope))) continue
        if (
          entry.problem !== undefined ||
          answer === undefined ||
          answer.outcome.long !== undefined ||
          !mayGoTogether(entry) ||
          !sameShell(first.entry, entry)
        )
          break
        const prepared = await prepare(entry.task, scope, state.reader)
        if (prepared.probe.text !== answer.prepared.probe.text) break
        const plan = planOf(entry, prepared, answer.outcome, vars)
        const reads = readsOf(entry, prepared, plan)
        if (plan.problem !== undefined || affects(all, reads)) break
        if (plan.changes.length === 0) continue
        const sets = setsOf(entry, prepared, plan)
        more.push({ index, entry, prepared, scripts: inOrder(changeScripts(play, handlers, entry, plan)), reads, sets })
        all = together([all, sets])
      } catch (error) {
        if (mayMend(error)) break
        throw error
      }
    }
    return { more, sets: all, last: more.at(-1)?.index ?? first.index }
  }

  /**
   * Invalidates prefetched results that depend on the changes, and those of tasks with `register`. Tasks up to the last
   * changed one are unaffected: they were planned before the batch.
   */
  #forgetAffected(sets: Words, last: number): void {
    for (const [index, { prepared, outcome }] of this.#answers) {
      const entry = this.#entries[index] as Entry
      if (index <= last) continue
      const plan = planOf(entry, prepared, outcome, this.#setting.vars)
      if (entry.task.keywords.register !== undefined || affects(sets, readsOf(entry, prepared, plan)))
        this.#answers.delete(index)
    }
  }

  /** Sends scripts, followed by the probes of later tasks. A `mustSucceed` script that fails ends the batch. */
  async #send(
    entry: Entry,
    timeLimitSeconds: number,
    own: readonly Sent[],
    ahead: readonly Ahead[],
  ): Promise<Outcome[]> {
    const outcomes = await runBatch(
      entry.target.connection,
      [...own.map(({ script }) => script), ...ahead.map(({ prepared }) => prepared.probe)],
      {
        ...(entry.become === undefined ? {} : { become: entry.become }),
        timeLimitSeconds,
        needed: own.length,
        keep: (script) => own[script]?.keep ?? { for: 'ahead' },
        mustSucceed: (script) => own[script]?.mustSucceed === true,
      },
    )
    outcomes.slice(own.length).forEach((outcome, i) => {
      const { index, prepared } = ahead[i] as Ahead
      this.#answers.set(index, { prepared, outcome })
    })
    return outcomes.slice(0, own.length)
  }

  /** Output of tasks with `no_log` is never written to a file. */
  #keep({ task, target }: Entry, purpose: 'change' | 'probe'): Keep {
    const { openSpool } = this.#setting.state
    if (openSpool === undefined || task.keywords.no_log === true) return { for: purpose }
    return { for: purpose, spool: (stream) => openSpool({ host: target.name, task: titleOf(task), stream }) }
  }

  /**
   * The probes of the tasks from index `from` that can run now in the same shell and have no result yet. Probes that
   * depend on a pending change are excluded: they would have to run again.
   */
  async #ahead(from: number, first: Entry): Promise<Ahead[]> {
    const { state, host, vars } = this.#setting
    const ahead: Ahead[] = []
    let toCome: Words = []
    const scope = state.registry.scope(host.name)
    for (let index = from; index < this.#entries.length && ahead.length < MOST_AT_ONCE; index++) {
      const entry = this.#entries[index] as Entry
      if (!this.#isDue(entry)) continue
      if (
        entry.once !== undefined ||
        entry.problem !== undefined ||
        entry.task.module.waits ||
        !sameShell(first, entry)
      )
        break
      try {
        if (!wanted(entry.task, conditions(host.name, vars, scope))) continue
        const prepared = await prepare(entry.task, scope, state.reader)
        const answer = this.#answers.get(index)
        if (answer?.prepared.probe.text === prepared.probe.text) {
          if (!this.isChanged(index))
            toCome = together([toCome, setsOf(entry, prepared, planOf(entry, prepared, answer.outcome, vars))])
        } else if (!affects(toCome, entry.task.module.reads?.(prepared.params))) {
          ahead.push({ index, prepared })
        }
      } catch (error) {
        if (mayMend(error)) break
        throw error
      }
    }
    return ahead
  }
}

interface Ahead {
  readonly index: number
  readonly prepared: Prepared
}

interface Sent {
  readonly script: Step
  readonly keep: Keep
  readonly mustSucceed?: boolean
}

/** A script of a change; or undefined: the probe that verifies it. */
interface InTurn {
  readonly going: Going
  readonly script: string | undefined
}

/**
 * Orders changes and their verifying probes. Probes run as late as possible, as adjacent probes share fact queries, but
 * before a change that affects what they read.
 */
function inTurn(group: readonly Going[]): InTurn[] {
  const turns: InTurn[] = []
  let pending: Going[] = []
  const look = (): void => {
    turns.push(...pending.map((going) => ({ going, script: undefined })))
    pending = []
  }
  for (const going of group) {
    if (pending.some(({ reads }) => affects(going.sets, reads))) look()
    turns.push(...going.scripts.map((script) => ({ going, script })))
    if (isVerified(going.entry)) pending.push(going)
  }
  look()
  return turns
}

const isVerified = ({ task: { module } }: Entry): boolean => module.result === undefined

/** Errors of this kind are reported when the task itself runs. */
const mayMend = (error: unknown): boolean =>
  error instanceof Unresolved ||
  error instanceof ConditionError ||
  error instanceof BadParameters ||
  error instanceof MissingInput

/**
 * Whether a task's changes can be batched: only their exit codes are evaluated before the next change, they end soon,
 * and no later task uses their values.
 */
function mayGoTogether({ task: { module, keywords }, once }: Entry): boolean {
  const { register, until, retries, failed_when, timeout } = keywords
  return (
    once === undefined &&
    module.result === undefined &&
    module.waits !== true &&
    module.timeLimitSeconds === undefined &&
    [register, until, retries, failed_when, timeout].every((keyword) => keyword === undefined)
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
