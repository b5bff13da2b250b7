import { hostname, platform, release } from 'node:os'
import { PatternError, selectHosts, type Inventory } from '../inventory/index.ts'
import { aboutOf } from './about.ts'
import { leftOutText, permissionFor, Refused, type Permission, type WithoutPermission } from './disturbance.ts'
import type { Phase, RunEvent, Subscriber } from './events.ts'
import { runExperiment } from './experiment-run.ts'
import { Foreseen } from './foreseen.ts'
import { runHost, type RunHost } from './host.ts'
import { InputReader } from './inputs.ts'
import { UnknownHost } from './mistake.ts'
import type { OpenSpool } from './output.ts'
import { PlaybookError, type Play, type Step } from './play.ts'
import { runPlay } from './play-run.ts'
import { exitCodeOf } from './recap.ts'
import { Registry } from './registry.ts'
import { Interrupted, type RunState, type Untimed } from './state.ts'
import { stopwatch } from './stopwatch.ts'
import { ReadTracker } from '../values/reads.ts'
import { tagList, tagsAsked, tagsChosen, type TagChoice } from './tags.ts'
import { unreadWarnings } from './unread.ts'

export interface RunOptions {
  readonly playbook: string
  readonly version: string
  /** The command line, for the record; it never holds a secret. */
  readonly argv: readonly string[]
  readonly steps: readonly Step[]
  readonly inventory: Inventory
  /** Hosts that may be touched (`--limit`); the others are as if they were not there. */
  readonly hosts: readonly string[]
  readonly check: boolean
  readonly forks: number
  readonly tags: TagChoice
  readonly extraVars: Readonly<Record<string, unknown>>
  /** What of them was read before: while the steps were written. */
  readonly reads?: ReadTracker
  /** Emitted first: what may be wrong with the command line. */
  readonly warnings?: readonly string[]
  /** How often each experiment is done. Default: once. */
  readonly repeat?: number
  /** Whether experiments and plays may disturb a host ({@link permissionFor}). Default: they may disturb none. */
  readonly mayDisturb?: (host: string) => boolean
  /** What becomes of experiments that may not be done. Default: the run is refused. */
  readonly withoutPermission?: WithoutPermission
  /** Where `templates/` and `files/` are. */
  readonly root: string
  readonly connect: (host: string, vars: Readonly<Record<string, unknown>>) => Pick<RunHost, 'connection' | 'become'>
  readonly subscriber: Subscriber
  /** Opens files for outputs that are too long for the events; none: of these only head and tail are kept. */
  readonly openSpool?: OpenSpool
  readonly signal: AbortSignal
}

/**
 * A run's end. Exit codes: 0 ok, 1 the playbook cannot run on this inventory, 2 a host failed or the run was refused, 4
 * a host unreachable, 130 interrupted.
 */
export interface RunOutcome {
  readonly status: 'passed' | 'failed' | 'interrupted'
  readonly exitCode: 0 | 1 | 2 | 4 | 130
}

/**
 * Runs a playbook's steps in order over the inventory's hosts and tells the subscriber all that happens.
 * Closes every connection before it returns.
 */
export async function run(options: RunOptions): Promise<RunOutcome> {
  const { signal, check } = options
  const watch = stopwatch()
  const hosts = new Map<string, RunHost>()
  let unproven = false
  let ran = false
  const emit = (event: Untimed): void => {
    if (event.type === 'finding' && event.holds === false && event.question === undefined) unproven = true
    if (event.type === 'notice' && event.level === 'error') unproven = true
    ran ||= event.type === 'result' || event.type === 'finding'
    options.subscriber({ ...event, time: new Date().toISOString() } as RunEvent)
  }
  const state = stateOf(options, hosts, emit)
  emit({
    type: 'run_start',
    playbook: options.playbook,
    version: options.version,
    argv: options.argv,
    check,
    hosts: options.hosts,
    about: aboutOf(options.inventory, options.extraVars),
    controller: { hostname: hostname(), node: process.version, platform: `${platform()} ${release()}` },
  })
  const warn = (message: string): void => {
    emit({ type: 'notice', level: 'warning', message })
  }
  options.warnings?.forEach(warn)
  const closeAll = (): Promise<void> => state.close()
  const onAbort = (): void => {
    emit({ type: 'notice', level: 'warning', message: 'interrupted: ending the run; Ctrl-C once more ends it at once' })
    void closeAll()
  }
  signal.addEventListener('abort', onAbort, { once: true })
  let interrupted = false
  let cannotRun = false
  let refused = false
  try {
    await runSteps(state, allowedSteps(options, emit))
  } catch (error) {
    if (error instanceof PlaybookError || error instanceof PatternError) {
      emit({ type: 'notice', level: 'error', message: error.message })
      cannotRun = true
    } else if (error instanceof Refused) {
      emit({ type: 'notice', level: 'error', message: error.message })
      refused = true
    } else if (error instanceof Interrupted) {
      interrupted = true
    } else {
      throw error
    }
  } finally {
    await closeAll()
    signal.removeEventListener('abort', onAbort)
  }
  interrupted ||= signal.aborted
  const recaps = Object.fromEntries(
    [...hosts]
      .filter(([, { recap }]) => Object.values(recap).some((n) => n > 0))
      .map(([name, { recap }]) => [name, recap]),
  )
  const code = exitCodeOf(Object.values(recaps))
  const exitCode = interrupted ? 130 : cannotRun ? 1 : refused ? 2 : code === 0 && unproven ? 2 : code
  const ended = !interrupted && !cannotRun && !refused
  if (ended && [...hosts.values()].every(({ out }) => out === undefined))
    unreadWarnings(state.reads, options.inventory).forEach(warn)
  if (ended && !ran && tagsAsked(options.tags) !== '') warn(`nothing ran: no task matches ${tagsAsked(options.tags)}`)
  const status = interrupted ? 'interrupted' : exitCode === 0 ? 'passed' : 'failed'
  emit({ type: 'run_end', status, exitCode, hosts: recaps, durationMs: watch.elapsed() })
  return { status, exitCode }
}

/** @throws {Refused} a step would disturb a host that may not be disturbed. */
function allowedSteps(options: RunOptions, emit: (event: Untimed) => void): RunOptions {
  const { leftOut, refused }: Permission = permissionFor(options, options)
  if (refused.length > 0) throw new Refused(refused)
  if (leftOut.length === 0) return options
  emit({ type: 'notice', level: 'info', message: leftOutText(leftOut) })
  return { ...options, steps: options.steps.filter((step) => leftOut.every((each) => each.step !== step)) }
}

async function runSteps(state: RunState, options: RunOptions): Promise<void> {
  const { steps, inventory, hosts } = options
  const ids = exhibitIds()
  const of = phasesOf(options).length
  let started = 0
  const nextPhase = (): Phase => ({ number: ++started, of })
  const warned = new Set<string>()
  const ignored = (message: string): void => {
    if (!warned.has(message)) state.emit({ type: 'notice', level: 'warning', message })
    warned.add(message)
  }
  for (const step of steps) {
    if (state.signal.aborted) throw new Interrupted()
    const names = hostsOf(step, inventory, hosts, ignored)
    if (step.kind === 'play') {
      if (names.length > 0) {
        if (!(await runPlay(state, step, names, nextPhase())) && !state.signal.aborted) return stopsHere(state, step)
      } else if (hostsOf(step, inventory).length === 0) {
        state.emit({
          type: 'notice',
          level: 'info',
          message: `play "${step.name}": skipping: no hosts matched ${step.hosts}`,
        })
      }
    } else if (!state.check && tagsChosen(tagList(step.tags), state.tags)) {
      await runExperiment(state, step, names, ids, nextPhase())
    }
  }
}

/**
 * The steps that a run will start, in order: plays that have hosts, and outside of check mode the experiments that its
 * tags choose.
 */
export function phasesOf({
  steps,
  inventory,
  hosts,
  check,
  tags,
}: Pick<RunOptions, 'steps' | 'inventory' | 'hosts' | 'check' | 'tags'>): readonly Step[] {
  return steps.filter((step) =>
    step.kind === 'play' ? hasHosts(step, inventory, hosts) : !check && tagsChosen(tagList(step.tags), tags),
  )
}

function hasHosts(step: Step, inventory: Inventory, hosts: readonly string[]): boolean {
  try {
    return hostsOf(step, inventory, hosts).length > 0
  } catch (error) {
    // A pattern that names nothing is reported when the step's turn comes.
    if (error instanceof PatternError) return false
    throw error
  }
}

/**
 * As in Ansible, the plays that follow are not run on the hosts that did not fail, either: those plays count on all of
 * them.
 */
function stopsHere(state: RunState, play: Play): void {
  state.emit({
    type: 'notice',
    level: 'warning',
    message: `play «${play.name}» needs all of its hosts (any_errors_fatal), and not all came through: the run ends here`,
  })
}

/**
 * The hosts a step is for, of those the run may touch; by default all.
 *
 * @param ignored - as that of {@link selectHosts}: a part of the pattern that matches nothing is no mistake here.
 * @throws {PatternError} the pattern cannot be read.
 */
export function hostsOf(
  step: Step,
  inventory: Inventory,
  hosts?: readonly string[],
  ignored: (warning: string) => void = () => undefined,
): string[] {
  const allowed = hosts && new Set(hosts)
  const selected = (): string[] => {
    try {
      return selectHosts(inventory, step.hosts, ignored)
    } catch (error) {
      throw error instanceof PatternError ? new PatternError(`${step.kind} "${step.name}": ${error.message}`) : error
    }
  }
  return selected().filter((name) => allowed?.has(name) ?? true)
}

/** Ids fit for file names: the title's words, numbered when they come again. */
function exhibitIds(): (title: string) => string {
  const used = new Map<string, number>()
  return (title) => {
    const stem =
      title
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '') || 'exhibit'
    const nth = (used.get(stem) ?? 0) + 1
    used.set(stem, nth)
    return nth === 1 ? stem : `${stem}-${nth}`
  }
}

function stateOf(
  options: Omit<RunOptions, 'steps'>,
  hosts: Map<string, RunHost>,
  emit: (event: Untimed) => void,
): RunState {
  const { inventory } = options
  const open = (name: string): RunHost => {
    const known = inventory.hosts.get(name)
    if (known === undefined) throw new UnknownHost(inventory.hosts.keys(), name)
    const vars = { ...known.vars, ...options.extraVars }
    const host = runHost({ name, vars: known.vars, ...options.connect(name, vars) })
    hosts.set(name, host)
    return host
  }
  const state: Omit<RunState, 'anew'> = {
    check: options.check,
    forks: options.forks,
    tags: options.tags,
    groups: Object.fromEntries([...inventory.groups].map(([name, group]) => [name, group.hosts])),
    extraVars: options.extraVars,
    reads: options.reads ?? new ReadTracker(Object.keys(options.extraVars)),
    host: (name) => hosts.get(name) ?? open(name),
    foreseen: new Foreseen(),
    registry: new Registry(),
    reader: new InputReader(options.root),
    openSpool: options.openSpool,
    emit,
    signal: options.signal,
    repeat: options.repeat ?? 1,
    close: async () => {
      await Promise.all([...hosts.values()].map(({ connection }) => connection.close()))
    },
  }
  const anew = (): RunState => {
    const state = stateOf({ ...options, signal: new AbortController().signal }, new Map(), emit)
    // What is known of the hosts stays so: only the lines are new.
    for (const [name, { facts }] of hosts) state.host(name).facts = facts
    return state
  }
  return { ...state, anew }
}
