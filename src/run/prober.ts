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

/** More in one script would make its answer late without saving anything. */
const MOST_AT_ONCE = 200

/** What a list of tasks is run with, on one host in one play. */
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

/** What came of a change. */
interface Changed {
  /** In the order of the scripts; fewer, if one of them failed. */
  readonly changes: readonly Outcome[]
  /** Of the task's own probe, where that shows what came of it and all scripts succeeded. */
  readonly verify: Outcome | undefined
}

/** A change on its way to the host. */
interface Going {
  readonly index: number
  readonly entry: Entry
  readonly prepared: Prepared
  readonly scripts: readonly string[]
  /** What its own plan depends on, and what its changes set. */
  readonly reads: Words
  readonly sets: Words
}

/**
 * Asks a host and changes it in as few round trips as can be, each of which carries
 *
 * - with the probe of the task at hand those of the tasks after it, as far as they can be asked now;
 * - with its changes those of the tasks after it that were looked at already and depend on nothing that is changed
 *   before them. What a task depends on and what its changes set is what its module says (`reads`, `sets`).
 *
 * An answer is used only if the task, when its turn comes, still asks the very same question, and nothing it depends on
 * has been changed since.
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

  /** Forgets what was seen: the host may be another now. */
  forget(): void {
    this.#answers.clear()
    this.#changed.clear()
  }

  /** The task's changes have been made, together with those of one before it; what came of them is not told yet. */
  isChanged(index: number): boolean {
    return this.#changed.has(index)
  }

  /**
   * The outcome of a task's probe, from an earlier round trip or a new one.
   * @param extra - scripts to run before, in the same round trip; their outcomes go to `onExtra`.
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

  /** Makes a task's changes and, unless a module reads the changes' own output, runs its probe again. */
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
      // Some of it may have been done.
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

  /** The probe that was to show what came of a change did not run where the change of a later task failed before. */
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
   * The changes of the tasks after one that can go to the host together with its own, what all of them set, and the
   * last task's place.
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
   * Forgets what was seen of tasks that depend on what is changed, and of those whose values others take. Those up to
   * the last one that is changed were looked at in time: what is changed after them is none of theirs.
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

  /**
   * Sends scripts, and behind them the probes of tasks ahead. One that must succeed and does not is the last that runs.
   */
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

  /** What a task with `no_log` prints goes to no file. */
  #keep({ task, target }: Entry, purpose: 'change' | 'probe'): Keep {
    const { openSpool } = this.#setting.state
    if (openSpool === undefined || task.keywords.no_log === true) return { for: purpose }
    return { for: purpose, spool: (stream) => openSpool({ host: target.name, task: titleOf(task), stream }) }
  }

  /**
   * The probes of the tasks from `from` on that can be asked now, in the same shell, and that have no answer yet. Those
   * that depend on a change which is known to come in between are not asked: they would be asked again after it.
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

/** A script of a change, or (undefined) the probe that shows what came of it. */
interface InTurn {
  readonly going: Going
  readonly script: string | undefined
}

/**
 * Changes in their order, and the probes that show what came of them: as late as they can be, for those that follow one
 * another share what they look at, but before a change that would show them something else.
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

/** Its turn will come; what is wrong is said then. */
const mayMend = (error: unknown): boolean =>
  error instanceof Unresolved ||
  error instanceof ConditionError ||
  error instanceof BadParameters ||
  error instanceof MissingInput

/**
 * Changes of which nobody judges, before the next may be made, what came of them but their exit code; which end soon;
 * and whose values no later task may ask for.
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
