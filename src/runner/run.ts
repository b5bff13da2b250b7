import { hostname, platform, release } from 'node:os'
import { PatternError, type Inventory } from '../inventory/index.ts'
import { reportMetadataOf } from './report-metadata.ts'
import { skippedText, permissionFor, RunRefused, type Permission, type WithoutPermission } from './disturbance.ts'
import { EVENT_SCHEMA, type Phase, type Subscriber } from '../events/events.ts'
import type { ReportQuestion } from '../events/report-questions.ts'
import { runExperiment } from '../experiments/run-experiment.ts'
import { PredictedEffects } from '../execution/predicted-effects.ts'
import type { ApprovedChanges } from '../execution/approved-changes.ts'
import { runHost, type RunHost } from '../execution/run-host.ts'
import { InputReader } from '../execution/inputs.ts'
import { UnknownHost } from '../playbook/playbook-errors.ts'
import type { OpenLiveOutput, OpenOverflowFile } from '../execution/captured-output.ts'
import { PlaybookError, type PlaybookStep } from '../playbook/play.ts'
import { exhibitIds } from '../text/slug.ts'
import { runPlay } from './run-play.ts'
import { StartAt } from './start-at.ts'
import { hostsOf, phasesOf } from './step-selection.ts'
import { exitCodeOf } from '../execution/recap.ts'
import { Registry } from '../execution/registry.ts'
import { Turns } from '../execution/turns.ts'
import { hostVarsOf } from '../execution/run-variables.ts'
import { Interrupted } from '../playbook/interrupted.ts'
import type { RunState, UntimedEvent } from '../execution/run-state.ts'
import { stopwatch } from '../execution/stopwatch.ts'
import { inventoryVariables } from '../playbook/variables.ts'
import { lazyMapping } from '../values/lazy.ts'
import { VarReadTracker } from '../values/var-reads.ts'
import { tagList, tagOptions, tagsSelect, type TagSelection } from '../playbook/tags.ts'
import { unusedVariableWarnings } from './unused-variables.ts'

export interface RunOptions {
  readonly playbook: string
  readonly version: string
  /** The command line, for the event log. Contains no secrets. */
  readonly argv: readonly string[]
  readonly steps: readonly PlaybookStep[]
  readonly inventory: Inventory
  /** Hosts selected by `--limit`. All others are ignored. */
  readonly hosts: readonly string[]
  readonly check: boolean
  readonly forks: number
  /** `--force-handlers` */
  readonly forceHandlers?: boolean
  /** The name of the task to start at. */
  readonly startAtTask?: string
  /** Asks the user before each task: `--step`. @throws {Interrupted} */
  readonly confirm?: (title: string) => Promise<boolean>
  /** The only changes that may be made, from a saved plan. */
  readonly approved?: ApprovedChanges
  readonly tags: TagSelection
  readonly extraVars: Readonly<Record<string, unknown>>
  /** Tracks reads of extra variables; includes reads from building the steps. */
  readonly varReads?: VarReadTracker
  /** Warnings about the command line, emitted first. */
  readonly warnings?: readonly string[]
  /** Questions for the report. */
  readonly reportQuestions?: readonly ReportQuestion[]
  /** Declared variables that the inventory sets, for the event log. */
  readonly recordedVariables?: Readonly<Record<string, unknown>>
  /** How often to repeat each experiment. Default: once. */
  readonly repeat?: number
  /** Whether experiments and plays may disturb a host ({@link permissionFor}). Default: none may. */
  readonly mayDisturb?: (host: string) => boolean
  /** How to treat experiments without permission. Default: the run is refused. */
  readonly withoutPermission?: WithoutPermission
  /** The directory that contains `templates/` and `files/`. */
  readonly root: string
  readonly connect: (host: string, vars: Readonly<Record<string, unknown>>) => Pick<RunHost, 'connection' | 'become'>
  readonly subscriber: Subscriber
  /**
   * Opens overflow files for outputs too long for events. Without it, only the head and tail of such outputs are kept.
   */
  readonly openOverflowFile?: OpenOverflowFile
  /** Opens what shows the output of a task while it runs. Default: it is shown with the result. */
  readonly openLiveOutput?: OpenLiveOutput
  readonly signal: AbortSignal
}

/**
 * How a run ended. Exit codes: 0 ok, 1 playbook error, 2 a host failed or the run was refused, 4 a host is unreachable,
 * 130 interrupted.
 */
export interface RunResult {
  readonly status: 'passed' | 'failed' | 'interrupted'
  readonly exitCode: 0 | 1 | 2 | 4 | 130
}

/**
 * Runs the steps of a playbook in order and emits every event to the subscriber. Closes all connections before it
 * returns.
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const { signal, check } = options
  const watch = stopwatch()
  const hosts = new Map<string, RunHost>()
  const events = { hasFailure: false, ran: false }
  const emit = (event: UntimedEvent): void => {
    if (event.type === 'finding' && event.holds === false && event.question === undefined) events.hasFailure = true
    if (event.type === 'notice' && event.level === 'error') events.hasFailure = true
    events.ran ||= event.type === 'result' || event.type === 'finding'
    options.subscriber({ ...event, time: new Date().toISOString() })
  }
  const state = stateOf(options, hosts, emit)
  emit({
    type: 'run_start',
    schema: EVENT_SCHEMA,
    playbook: options.playbook,
    version: options.version,
    argv: options.argv,
    check,
    hosts: options.hosts,
    about: reportMetadataOf(options.inventory, options.extraVars),
    ...(options.reportQuestions === undefined ? {} : { questions: options.reportQuestions }),
    ...(options.recordedVariables === undefined ? {} : { variables: options.recordedVariables }),
    controller: { hostname: hostname(), node: process.version, platform: `${platform()} ${release()}` },
  })
  const warn = (message: string): void => {
    emit({ type: 'notice', level: 'warning', message })
  }
  options.warnings?.forEach(warn)
  const closeAll = (): Promise<void> => state.close()
  const onAbort = (): void => {
    emit({
      type: 'notice',
      level: 'warning',
      message: 'interrupted: stopping; press Ctrl-C again to stop immediately',
    })
    void closeAll()
  }
  signal.addEventListener('abort', onAbort, { once: true })
  let interrupted = false
  let playbookFailed = false
  let refused = false
  try {
    await runSteps(state, allowedSteps(options, emit))
  } catch (error) {
    if (error instanceof PlaybookError || error instanceof PatternError) {
      emit({ type: 'notice', level: 'error', message: error.message })
      playbookFailed = true
    } else if (error instanceof RunRefused) {
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
  const exitCode = interrupted ? 130 : playbookFailed ? 1 : refused ? 2 : code === 0 && events.hasFailure ? 2 : code
  const completed = !interrupted && !playbookFailed && !refused
  if (completed && [...hosts.values()].every(({ excluded: out }) => out === undefined))
    unusedVariableWarnings(state.varReads, options.inventory).forEach(warn)
  if (completed && !events.ran && tagOptions(options.tags) !== '')
    warn(`nothing ran: no task matches ${tagOptions(options.tags)}`)
  const status = interrupted ? 'interrupted' : exitCode === 0 ? 'passed' : 'failed'
  emit({ type: 'run_end', status, exitCode, hosts: recaps, durationMs: watch.elapsed() })
  return { status, exitCode }
}

/** @throws {RunRefused} a step would disturb a host without permission. */
function allowedSteps(options: RunOptions, emit: (event: UntimedEvent) => void): RunOptions {
  const { leftOut, refused }: Permission = permissionFor(options, options)
  if (refused.length > 0) throw new RunRefused(refused)
  if (leftOut.length === 0) return options
  emit({ type: 'notice', level: 'info', message: skippedText(leftOut) })
  return { ...options, steps: options.steps.filter((step) => leftOut.every((each) => each.step !== step)) }
}

async function runSteps(state: RunState, options: RunOptions): Promise<void> {
  const { steps, inventory, hosts } = options
  const ids = exhibitIds()
  const of = phasesOf(options).length
  let started = 0
  const nextPhase = (): Phase => ({ number: ++started, of })
  const warned = new Set<string>()
  const warnOnce = (message: string): void => {
    if (!warned.has(message)) state.emit({ type: 'notice', level: 'warning', message })
    warned.add(message)
  }
  const isAborted = (): boolean => state.signal.aborted
  const startAt = options.startAtTask === undefined ? undefined : new StartAt(options.startAtTask)
  for (const step of steps) {
    if (isAborted()) throw new Interrupted()
    const names = hostsOf(step, inventory, hosts, warnOnce)
    if (step.kind === 'play') {
      if (names.length > 0) {
        const reason = await runPlay(state, step, names, { phase: nextPhase(), startAt })
        if (reason !== undefined && !isAborted()) {
          const message = `play "${step.name}" ${reason}: ending the run`
          if (step !== steps.at(-1)) state.emit({ type: 'notice', level: 'warning', message })
          return
        }
      } else if (hostsOf(step, inventory).length === 0) {
        state.emit({
          type: 'notice',
          level: 'info',
          message: `play "${step.name}": skipping: no hosts matched ${step.hosts}`,
        })
      }
    } else if (!state.check && tagsSelect(tagList(step.tags), state.tags)) {
      const phase = nextPhase()
      if (startAt?.reaches(step, step.name) === false || (await state.confirm?.(step.name)) === false) continue
      await runExperiment(state, step, names, ids, phase)
      // Its commands may have changed files of the controller.
      state.reader.forgetFiles()
    }
  }
  if (startAt?.isFound === false) throw new PlaybookError(startAt.problem())
}

function stateOf(
  options: Omit<RunOptions, 'steps'>,
  hosts: Map<string, RunHost>,
  emit: (event: UntimedEvent) => void,
): RunState {
  const { inventory } = options
  const open = (name: string): RunHost => {
    const known = inventory.hosts.get(name)
    if (known === undefined) throw new UnknownHost(inventory.hosts.keys(), name)
    const vars = inventoryVariables(inventory, options.extraVars)(name)
    const host = runHost({ name, vars: known.vars, ...options.connect(name, vars) })
    hosts.set(name, host)
    return host
  }
  const state: RunState = {
    check: options.check,
    forks: options.forks,
    forceHandlers: options.forceHandlers ?? false,
    confirm: options.confirm,
    approved: options.approved,
    tags: options.tags,
    groups: Object.fromEntries([...inventory.groups].map(([name, group]) => [name, group.hosts])),
    extraVars: options.extraVars,
    varReads: options.varReads ?? new VarReadTracker(Object.keys(options.extraVars)),
    host: (name) => hosts.get(name) ?? open(name),
    predictedEffects: new PredictedEffects(),
    registry: new Registry(),
    delegatedTasks: new Turns(),
    reader: new InputReader(options.root),
    openOverflowFile: options.openOverflowFile,
    openLiveOutput: options.openLiveOutput,
    emit,
    signal: options.signal,
    repeat: options.repeat ?? 1,
    close: async () => {
      await Promise.all([...hosts.values()].map(({ connection }) => connection.close()))
    },
    hostvars: lazyMapping(inventory.hosts.keys(), (name) => hostVarsOf(state)(name)),
    withFreshConnections: () => {
      const fresh = stateOf({ ...options, signal: new AbortController().signal }, new Map(), emit)
      // Facts remain valid; only the connections are new.
      for (const [name, { facts }] of hosts) fresh.host(name).facts = facts
      return fresh
    },
  }
  return state
}
