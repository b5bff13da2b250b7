import { setTimeout as sleep } from 'node:timers/promises'
import { Unreachable } from '../connection/connection.ts'
import type { Observed } from '../modules/observed.ts'
import type { Plan } from '../modules/module.ts'
import type { Outcome } from '../shell/batch.ts'
import { quote } from '../shell/quote.ts'
import { Unresolved } from '../values/reference.ts'
import { attemptOf, failureOf, judge, lastLine, withoutScript, type Tried } from './attempt.ts'
import { withEnvironment, type Entry } from './entry.ts'
import type { CommandRecord } from './events.ts'
import { runBatch, type RunHost } from './host.ts'
import { leaveNotices, listNotices, noticedHandlers, takeNotice } from './notified.ts'
import type { Play } from './play.ts'
import { conditions, prepare, titleOf, wanted, type Prepared } from './prepare.ts'
import { Prober } from './prober.ts'
import { report } from './result.ts'
import { Interrupted, type RunState } from './state.ts'

const DEFAULT_RETRIES = 3
const DEFAULT_DELAY_SECONDS = 5

/** One host's way through one play. */
export class HostPlay {
  readonly #state: RunState
  readonly #play: Play
  readonly #host: RunHost
  readonly #vars: Readonly<Record<string, unknown>>
  readonly #handlers: readonly Entry[]
  readonly #notified = new Set<string>()
  /** Check mode: handlers of tasks that cannot be told, and the first such task. */
  readonly #perhaps = new Map<string, string>()
  #noticesRead: boolean

  constructor(state: RunState, play: Play, host: RunHost, vars: Readonly<Record<string, unknown>>, handlers: readonly Entry[]) {
    this.#state = state
    this.#play = play
    this.#host = host
    this.#vars = vars
    this.#handlers = handlers
    this.#noticesRead = handlers.length === 0
  }

  /** Runs the tasks, then the handlers they notified. Stops when the host leaves the run or `stop` says so. */
  async run(entries: readonly Entry[], stop: () => boolean): Promise<void> {
    if (entries.length === 0) return
    await this.#runList(entries, stop)
    if (this.#host.out !== undefined || stop()) return
    const due = this.#handlers.filter(({ handler }) => this.#notified.has(handler as string))
    await this.#runList(due, stop)
    for (const entry of this.#handlers) this.#reportPerhaps(entry)
  }

  /** Check mode: a handler whose task cannot be told cannot be told either. */
  #reportPerhaps(entry: Entry): void {
    const name = entry.handler as string
    const task = this.#perhaps.get(name)
    if (task === undefined || this.#notified.has(name)) return
    const tried: Tried = { status: 'unknown', message: `cannot tell before «${task}» has run`, changes: [], commands: [] }
    report({
      state: this.#state, play: this.#play, host: this.#host, entry, title: titleOf(entry.task),
      skipped: false, tried, started: Date.now(), attempts: 0,
    })
  }

  async #runList(entries: readonly Entry[], stop: () => boolean): Promise<void> {
    const prober = new Prober(this.#state, this.#host, this.#vars, entries)
    for (let index = 0; index < entries.length && this.#host.out === undefined && !stop(); index++) {
      const entry = entries[index] as Entry
      const shared = await entry.once?.turn(this.#host.name)
      if (shared === undefined) await this.#runOne(entry, index, prober)
      else this.#adopt(entry, shared.result.status, shared.values)
    }
  }

  /** Takes over what another host's `run_once` task came to. */
  #adopt({ task }: Entry, status: string, values: unknown): void {
    if (status === 'failed' || status === 'unreachable') this.#host.out = 'failed'
    if (task.keywords.register !== undefined && status !== 'skipped') this.#state.registry.set(this.#host.name, task.keywords.register.key, values)
  }

  async #runOne(entry: Entry, index: number, prober: Prober): Promise<void> {
    const started = Date.now()
    const { task } = entry
    const scope = this.#state.registry.scope(this.#host.name)
    let skip = false
    let tried: Tried | undefined
    let attempts = 0
    try {
      skip = !wanted(task, conditions(this.#host.name, this.#vars, scope))
    } catch (error) {
      tried = this.#failure(error, [])
    }
    const title = titleOf(task)
    if (!skip) {
      this.#state.emit({ type: 'task_start', play: this.#play.name, task: title, module: task.module.name, host: this.#host.name })
    }
    const { until, retries, delay = DEFAULT_DELAY_SECONDS } = task.keywords
    const most = until === undefined && retries === undefined ? 1 : 1 + (retries ?? DEFAULT_RETRIES)
    while (tried === undefined) {
      attempts += 1
      tried = skip ? { status: 'ok', changes: [], commands: [] } : judge(await this.#try(entry, index, prober), task.keywords)
      if (this.#state.signal.aborted) throw new Interrupted()
      const again = !skip && tried.status !== 'unknown' && tried.status !== 'unreachable' && !this.#state.check &&
        (until === undefined ? tried.status === 'failed' : !until(attemptOf(tried)))
      if (!again) break
      if (attempts >= most) {
        if (until !== undefined) tried = { ...tried, status: 'failed', message: tried.message ?? `not so after ${attempts} tries` }
        break
      }
      tried = undefined
      prober.forget()
      await sleep(delay * 1000, undefined, { signal: this.#state.signal }).catch(() => { throw new Interrupted() })
    }
    report({ state: this.#state, play: this.#play, host: this.#host, entry, title, skipped: skip, tried, started, attempts })
    for (const name of notifies(entry)) {
      if (tried.status === 'changed') this.#notified.add(name)
      if (tried.status === 'unknown' && !this.#perhaps.has(name)) this.#perhaps.set(name, title)
    }
  }

  /** One try: look, plan, and unless it is check mode, apply. */
  async #try(entry: Entry, index: number, prober: Prober): Promise<Tried> {
    const commands: CommandRecord[] = []
    try {
      if (this.#host.unreached !== undefined) throw new Unreachable(this.#host.unreached)
      const prepared = await prepare(entry.task, this.#state.registry.scope(this.#host.name), this.#state.reader)
      const seen = await prober.look(index, prepared, this.#noticesRead ? [] : [listNotices], (extra) => {
        this.#noticesRead = true
        this.#heedNotices(extra[0])
      })
      commands.push(record('probe', prepared.probe, seen))
      const plan = this.#plan(entry, prepared, seen)
      if (plan.problem !== undefined) return { ...this.#problem(plan.problem), changes: withoutScript(plan.changes), commands }
      const changes = withoutScript(plan.changes)
      if (plan.changes.length === 0) {
        if (entry.handler !== undefined && !this.#state.check) await this.#dropNotice(entry)
        return { status: 'ok', changes, commands, values: plan.values }
      }
      if (this.#state.check) return { status: 'changed', changes, commands }
      return await this.#apply(entry, index, prober, prepared, plan, commands)
    } catch (error) {
      return this.#failure(error, commands)
    }
  }

  /** What was thrown, as a result. In check mode some of it only means that an earlier change was not made. */
  #failure(error: unknown, commands: readonly CommandRecord[]): Tried {
    const { check, signal, wouldChange } = this.#state
    if (signal.aborted) throw new Interrupted()
    if (check && error instanceof Unresolved && error.pending) {
      return { status: 'unknown', message: error.message, changes: [], commands }
    }
    if (check && error instanceof Unreachable && wouldChange() !== undefined) {
      // A machine that an earlier task would make. It is not asked again, which could take a time limit each.
      const why = this.#host.unreached === undefined ? `: ${error.message}` : ''
      this.#host.unreached ??= error.message
      return { status: 'unknown', message: `cannot tell before «${wouldChange()}» has run${why}`, changes: [], commands }
    }
    return failureOf(error, commands)
  }

  async #apply(entry: Entry, index: number, prober: Prober, prepared: Prepared, plan: Plan<unknown>, commands: CommandRecord[]): Promise<Tried> {
    const { module } = entry.task
    const changes = withoutScript(plan.changes)
    const handlers = notifies(entry).filter((name) => this.#handlers.some(({ handler }) => handler === name))
    const before = handlers.length === 0 ? [] : [leaveNotices(this.#play.name, handlers)]
    const after = entry.handler === undefined ? [] : [takeNotice(this.#play.name, entry.handler)]
    const scripts = plan.changes.map(({ script }) => withEnvironment(entry, script, quote))
    const done = await prober.change(index, prepared, [...before, ...scripts, ...after], module.result === undefined)
    const applied = done.changes.slice(before.length, before.length + scripts.length)
    applied.forEach((outcome, i) => commands.push(record('change', scripts[i] as string, outcome)))
    const broken = done.changes.find(({ exitCode }) => exitCode !== 0)
    if (module.result !== undefined && broken === undefined) {
      const { values, failed } = module.result(prepared.params, applied)
      return failed === undefined
        ? { status: 'changed', changes, commands, values }
        : { status: 'failed', message: failed, changes, commands, values }
    }
    if (broken !== undefined) {
      const values = module.result?.(prepared.params, applied).values
      return { status: 'failed', message: whyBroken(broken), changes, commands, values }
    }
    const verify = done.verify as Outcome
    commands.push(record('verify', prepared.probe, verify))
    const then = this.#plan(entry, prepared, verify)
    const left = then.problem ?? then.changes[0]?.description
    if (left !== undefined) return { status: 'failed', message: `done, yet the host is not as asked: ${left}`, changes, commands }
    return { status: 'changed', changes, commands, values: then.values }
  }

  #plan(entry: Entry, { params, inputs }: Prepared, seen: Observed): Plan<unknown> {
    return entry.task.module.plan(params, seen, inputs, this.#vars)
  }

  /** In check mode something that cannot be may yet come to be, by an earlier task that was not run. */
  #problem(problem: string): Pick<Tried, 'status' | 'message'> {
    const earlier = this.#state.check ? this.#host.wouldChange : undefined
    return earlier === undefined
      ? { status: 'failed', message: problem }
      : { status: 'unknown', message: `cannot tell before «${earlier}» has run: ${problem}` }
  }

  #heedNotices(listed: Outcome | undefined): void {
    const names = this.#handlers.map(({ handler }) => handler as string)
    for (const name of noticedHandlers(this.#play.name, names, listed?.stdout ?? '')) this.#notified.add(name)
  }

  async #dropNotice(entry: Entry): Promise<void> {
    await runBatch(entry.target.connection, [takeNotice(this.#play.name, entry.handler as string)], {
      ...(entry.become === undefined ? {} : { become: entry.become }),
      timeLimitSeconds: 60,
    })
  }
}

const record = (kind: CommandRecord['kind'], script: string, outcome: Outcome): CommandRecord => ({ kind, script, ...outcome })

const notifies = ({ task: { keywords: { notify } } }: Entry): readonly string[] =>
  notify === undefined ? [] : typeof notify === 'string' ? [notify] : notify

const whyBroken = ({ stdout, stderr, exitCode }: Outcome): string =>
  lastLine(stderr) || lastLine(stdout) || `exit code ${exitCode}`
