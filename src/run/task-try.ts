import { Unreachable } from '../connection/connection.ts'
import type { Plan } from '../modules/module.ts'
import { contentOf } from '../modules/support/effects.ts'
import type { Outcome } from '../shell/batch.ts'
import { Unresolved } from '../values/reference.ts'
import { failureOf, lastLine, withoutScript, type Tried } from './attempt.ts'
import { cannotTell, foresee } from './check.ts'
import { awaitReturn } from './come-back.ts'
import type { Entry } from './entry.ts'
import type { CommandRecord, PlannedChange } from './events.ts'
import { CutShort, runBatch } from './host.ts'
import { MissingInput } from './inputs.ts'
import { listNotices, takeNotice } from './notified.ts'
import { changeScripts, inOrder, planOf } from './planned.ts'
import { paramsOf, prepare, titleOf, type Prepared } from './prepare.ts'
import type { Prober, Setting } from './prober.ts'
import { Interrupted } from './state.ts'

/** The host whose files are the controller's. */
const CONTROLLER = 'localhost'

/** What all attempts of a host's tasks in a play share. */
export interface Ways extends Setting {
  /** Receives the list of pending-handler markers found on the host. */
  readonly heedNotices: (listed: string) => void
  /** Set until the markers are read: an earlier run may have left some, or this one before a lost connection. */
  noticesUnknown: boolean
}

/** Labbook reconnects at most once per task, across all attempts. */
export interface Chance {
  used: boolean
}

/** One attempt of a task: probe, plan and, outside check mode, apply. */
export class TaskTry {
  readonly #ways: Ways
  readonly #entry: Entry
  readonly #index: number
  readonly #prober: Prober
  readonly #commands: CommandRecord[] = []
  /** The changes sent last. */
  #applying: readonly PlannedChange[] | undefined

  constructor(ways: Ways, entry: Entry, index: number, prober: Prober) {
    this.#ways = ways
    this.#entry = entry
    this.#index = index
    this.#prober = prober
  }

  async run(chance: Chance): Promise<Tried> {
    try {
      return await this.#lookAndAct()
    } catch (error) {
      if (this.#ways.state.signal.aborted || chance.used || !(error instanceof Unreachable && error.lost))
        return this.failure(error)
      chance.used = true
      const begun = error.began ? this.#applying : undefined
      return await this.#goOn(begun).catch((second: unknown) => this.failure(second, begun !== undefined))
    }
  }

  async #lookAndAct(): Promise<Tried> {
    const { state, host, heedNotices, noticesUnknown } = this.#ways
    const { task, target } = this.#entry
    this.#applying = undefined
    if (target.unreached !== undefined) throw new Unreachable(target.unreached)
    const prepared = await prepare(task, state.registry.scope(host.name), state.reader)
    if (state.check && task.module.waits === true) {
      // The condition it waits for may depend on an earlier task.
      const reason = state.foreseen.reason(target.name, task.module.reads?.(prepared.params))
      if (reason !== undefined) return cannotTell(reason, this.#entry, prepared, this.#commands)
    }
    const waitSeconds = task.module.waitSeconds?.(prepared.params)
    if (waitSeconds !== undefined) this.#emitWaiting(titleOf(task), waitSeconds)
    const seen = await this.#prober.look(this.#index, prepared, noticesUnknown ? [listNotices] : [], ([listed]) => {
      if (listed !== undefined) heedNotices(listed.stdout)
      this.#ways.noticesUnknown = false
    })
    this.#commands.push(record('probe', prepared.probe.text, seen))
    const plan = this.#plan(prepared, seen)
    return state.check
      ? foresee(state.foreseen, this.#entry, prepared, plan, this.#commands)
      : await this.#act(prepared, seen, plan)
  }

  async #act(prepared: Prepared, seen: Outcome, plan: Plan<unknown>): Promise<Tried> {
    const changes = withoutScript(plan.changes)
    const commands = this.#commands
    if (plan.problem !== undefined) return { status: 'failed', message: plan.problem, changes, commands }
    if (plan.changes.length > 0) return await this.#apply(prepared, seen, plan)
    await this.#dropNotice()
    return { status: 'ok', changes, commands, values: plan.values }
  }

  async #apply(prepared: Prepared, seen: Outcome, plan: Plan<unknown>): Promise<Tried> {
    const { module } = this.#entry.task
    const changes = withoutScript(plan.changes)
    const commands = this.#commands
    const { applied, broken, verify } = await this.#change(prepared, plan)
    if (broken !== undefined) {
      const values = module.result?.(prepared.params, applied).values
      return { status: 'failed', message: whyBroken(broken), changes, commands, values }
    }
    if (module.comesBack !== undefined) {
      const seconds = module.comesBack.afterSeconds(prepared.params) + module.comesBack.withinSeconds(prepared.params)
      this.#emitWaiting(`${this.#entry.target.name} to reconnect`, seconds)
      const back = await awaitReturn(this.#entry, module.comesBack, prepared.params, seen, this.#ways.state.signal)
      if (typeof back === 'string') return { status: 'failed', message: back, changes, commands }
      commands.push(record('verify', module.comesBack.probe(prepared.params), back))
      await this.#dropNotice()
      applied.push(back)
    }
    if (module.result !== undefined) {
      const { values, failed } = module.result(prepared.params, applied)
      return failed === undefined
        ? { status: 'changed', changes, commands, values }
        : { status: 'failed', message: failed, changes, commands, values }
    }
    commands.push(record('verify', prepared.probe.text, verify as Outcome))
    const then = this.#plan(prepared, verify as Outcome)
    const left = then.problem ?? then.changes[0]?.description
    if (left !== undefined)
      return {
        status: 'failed',
        message: `changes applied, but the host is not in the desired state: ${left}`,
        changes,
        commands,
      }
    return { status: 'changed', changes, commands, values: then.values }
  }

  #emitWaiting(what: string, withinSeconds: number): void {
    const { state, play, host } = this.#ways
    state.emit({ type: 'waiting', play: play.name, host: host.name, for: what, withinSeconds })
  }

  /** Sends the changes, the pending-handler markers they need, and the removal of this handler's marker. */
  async #change(
    prepared: Prepared,
    plan: Plan<unknown>,
  ): Promise<{ applied: Outcome[]; broken?: Outcome; verify?: Outcome }> {
    const { play, handlers } = this.#ways
    const goesAway = this.#entry.task.module.comesBack !== undefined
    const scripts = changeScripts(play, handlers, this.#entry, plan)
    this.#applying = withoutScript(plan.changes)
    try {
      const done = await this.#prober.change(this.#index, prepared, plan, inOrder(scripts))
      const applied = done.changes.slice(scripts.before.length, scripts.before.length + scripts.own.length)
      applied.forEach((outcome, i) => this.#commands.push(record('change', scripts.own[i] as string, outcome)))
      const broken = done.changes.find(({ exitCode }) => exitCode !== 0)
      return {
        applied,
        ...(broken === undefined ? {} : { broken }),
        ...(done.verify === undefined ? {} : { verify: done.verify }),
      }
    } catch (error) {
      // A change that disconnects the host is expected to lose the connection.
      const gone = (error instanceof Unreachable && error.lost && error.began) || error instanceof CutShort
      if (goesAway && gone && !this.#ways.state.signal.aborted) return { applied: [] }
      throw error
    }
  }

  /**
   * After a lost connection: reconnects, probes again and applies the remaining changes. The connection waits for
   * scripts still running on the host, so nothing runs concurrently.
   *
   * @param begun - the changes that were being applied; undefined if none had started.
   */
  async #goOn(begun: readonly PlannedChange[] | undefined): Promise<Tried> {
    const { task, target } = this.#entry
    const title = titleOf(task)
    this.#prober.forget()
    // The batch may have contained changes of later tasks.
    this.#ways.noticesUnknown = this.#ways.handlers.length > 0
    await this.#send(':')
    this.#ways.state.emit({
      type: 'notice',
      level: 'warning',
      host: target.name,
      message: `connection lost during "${title}"; reconnected`,
    })
    if (begun !== undefined && task.module.result !== undefined) {
      const message =
        'connection lost while the command ran: its outcome is unknown, and it is not retried automatically'
      return { status: 'failed', message, changes: begun, commands: this.#commands, inTheDark: true }
    }
    const tried = await this.#lookAndAct()
    if (begun === undefined || (tried.status !== 'ok' && tried.status !== 'changed')) return tried
    const message =
      tried.status === 'ok'
        ? 'connection lost during the change; the host is in the desired state'
        : 'connection lost during the change; completed after reconnecting'
    return { ...tried, status: 'changed', changes: begun, message }
  }

  #plan(prepared: Prepared, seen: Outcome): Plan<unknown> {
    return planOf(this.#entry, prepared, seen, this.#ways.vars)
  }

  /**
   * Converts an error to a result. In check mode, some errors only mean that an earlier change was not applied.
   *
   * @param indeterminate - changes had started when the connection was lost.
   */
  failure(error: unknown, inTheDark = false): Tried {
    const { check, signal, foreseen, registry } = this.#ways.state
    const { target, task } = this.#entry
    const commands = this.#commands
    if (signal.aborted) throw new Interrupted()
    const unknown = (message: string, sets?: readonly string[]): Tried => ({
      status: 'unknown',
      message,
      changes: [],
      commands,
      would: { sets },
    })
    if (check && error instanceof Unresolved && error.pending) return unknown(error.message)
    const latest = foreseen.latest()
    if (check && error instanceof Unreachable && latest !== undefined) {
      // An earlier task may create this host. Each further connection attempt could take a full time limit.
      const why = target.unreached === undefined ? `: ${error.message}` : ''
      target.unreached ??= error.message
      return unknown(`depends on "${latest}", which has not run yet${why}`)
    }
    if (check && error instanceof MissingInput) {
      // An earlier task may create this file on the controller.
      const reason = foreseen.reason(CONTROLLER, error.places.flatMap(contentOf))
      const sets = task.module.sets?.(paramsOf(task, registry.scope(this.#ways.host.name)))
      if (reason !== undefined) return unknown(`depends on "${reason}", which has not run yet: ${error.message}`, sets)
    }
    const failed = failureOf(error, commands)
    if (!inTheDark || failed.status !== 'unreachable' || (error as Unreachable).began) return failed
    return {
      ...failed,
      message: `${failed.message}; connection lost during "${titleOf(task)}": its outcome is unknown`,
    }
  }

  /** Removes the marker of a handler that has nothing to do. */
  async #dropNotice(): Promise<void> {
    const { handler } = this.#entry
    if (handler !== undefined) await this.#send(takeNotice(this.#ways.play.name, handler))
  }

  async #send(script: string): Promise<void> {
    const { target, become } = this.#entry
    await runBatch(target.connection, [script], { ...(become === undefined ? {} : { become }), timeLimitSeconds: 60 })
  }
}

const record = (kind: CommandRecord['kind'], script: string, outcome: Outcome): CommandRecord => ({
  kind,
  script,
  ...outcome,
})

const whyBroken = ({ stdout, stderr, exitCode }: Outcome): string =>
  lastLine(stderr) || lastLine(stdout) || `exit code ${exitCode}`
