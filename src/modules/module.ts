import type { z } from 'zod'
import type { FactQuery } from '../shell/fact-queries.ts'
import type { Observed } from './script-output.ts'

/** The text before and after a change, for `--diff`. */
export interface Diff {
  /** Subject of the text: a path, a unit, a service. */
  readonly subject: string
  readonly before: string
  readonly after: string
}

/** One change of a host. Check mode shows what a run executes. */
export interface Change {
  /** Imperative, with names: `create group ops (gid 1001)`. */
  readonly description: string
  /**
   * POSIX shell text that makes the change; exit code 0 means success. Runs without `set -e`: end each step with `||
   * exit`.
   */
  readonly script: string
  /**
   * Shell text that changes nothing and fails if the script would fail, with the reason as last line of stderr. Check
   * mode runs it. For what the probe cannot see without a program, or without the new content.
   */
  readonly dryRun?: string
  /**
   * Whether the script may succeed although the dry run fails, such as an install after an update of the package lists.
   * Then the task is unknown in check mode.
   */
  readonly dryRunIsUncertain?: boolean
  readonly diff?: Diff
  /** Resource keys that it sets, as in {@link ModuleDefinition.reads}. Without it: anything. */
  readonly sets?: readonly string[]
  /** May be needed again at once, such as the download of a page that changes: then the task does not fail. */
  readonly recurs?: boolean
  /**
   * An exit code with which the script changes nothing, as the host is no longer what the plan was made from: another
   * program changed it. The task is then probed and planned again.
   */
  readonly outdatedExitCode?: number
}

/**
 * A resource key: what only the playbook knows. The keywords `reads` and `sets` of a task replace it; without them it
 * is any resource.
 */
export const ANYTHING = '*'

/** What later tasks will find, by resource key. */
export type PredictedState = Readonly<Record<string, unknown>>

/** The state of what a task reads, for its plan in check mode. */
export interface EarlierState {
  /** What earlier tasks change: the probe has shown another state. */
  readonly changed: PredictedState
  /** All that is certain, changed or not. */
  readonly known: PredictedState
}

/** What a module plans from its probe. No changes and no problem: the host is in the desired state. */
export interface Plan<V> {
  readonly changes: readonly Change[]
  /** The registered value. After changes the probe runs again, and that plan's values count. */
  readonly values?: V
  /**
   * Parts of the registered value that only this plan knows, such as what a file had before: added to the values that
   * the second probe gives.
   */
  readonly changeValues?: Partial<V>
  /** Text for the user, shown with the result whatever the verbosity. */
  readonly msg?: string
  /**
   * Why the desired state cannot be reached (a user that does not exist, a missing command, an unexpected response).
   * The task fails with it; in check mode, if an earlier task has yet to change the host, the task is unknown.
   */
  readonly problem?: string
  /**
   * Resource keys beyond {@link ModuleDefinition.reads} that only the probe could determine: where a link in a path
   * leads.
   */
  readonly reads?: readonly string[]
  /**
   * What is certain once the task is done, by resource key, whether it changes anything or not: the content of a file,
   * that a directory exists. For {@link ModuleDefinition.planAfter} of later tasks in check mode; no record has it.
   */
  readonly leaves?: PredictedState
  /** With {@link ModuleDefinition.controllerFile}: its new content, written after the changes. */
  readonly saves?: SavedFile
  /**
   * The output of the probe or the scripts of the changes contain text that others on the host cannot read: events,
   * report and screen show neither. Default: {@link ModuleDefinition.printsFiles}.
   */
  readonly confidential?: boolean
}

/** The new content of a file on the controller. */
export interface SavedFile {
  readonly content: Buffer
  /** Only its owner may read it. */
  readonly isPrivate: boolean
}

/** Result of changes that leave no state to probe, such as a command's output. */
export interface Result<V> {
  readonly values: V
  readonly failed?: string
}

/** Contents of files on the controller, by the keys of {@link InputFiles}. */
export type Inputs = Readonly<Record<string, Buffer>>

/**
 * Files on the controller that a module needs: key -> path, looked up beside the playbook, in `templates/` and in the
 * project.
 */
export type InputFiles = Readonly<Record<string, string | InputTree>>

/**
 * A file or directory on the controller, with modes. For the key `K`, the inputs have the entries as JSON in
 * `K:entries` ({@link TreeEntry}), the content of a file in `K`, and those of the files in a directory in `K/PATH`.
 */
export interface InputTree {
  readonly tree: string
  /** Read what links lead to, except links to a directory above. */
  readonly followLinks: boolean
}

/** An entry of an {@link InputTree}. */
export interface TreeEntry {
  /** Relative to the tree; empty for the tree itself. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link'
  /** Permission bits. */
  readonly mode: number
  /** Target of a link. */
  readonly target?: string
}

/** How to detect that a disconnected host is back. */
export interface ReconnectOptions<P> {
  /** Seconds from the change to the first probe. */
  delaySeconds(params: P): number
  /** Timeout in seconds, from then on. */
  timeoutSeconds(params: P): number
  /** A read-only script, run repeatedly; `result` reads its last output. */
  probe(params: P): string
  /**
   * What is still missing, given the output of the task's own probe before the change and of this one now. Undefined:
   * the host is back.
   */
  pendingReason(params: P, before: Observed, now: Observed): string | undefined
}

/**
 * A module is data and pure functions without I/O: the runner runs the probe, passes its output to the plan, and runs
 * or shows the changes.
 */
export interface ModuleDefinition<S extends z.ZodType = z.ZodType, V = unknown> {
  readonly name: string
  /** The parameters, with defaults; names and meanings are Ansible's where Ansible has the module. */
  readonly schema: S
  /** Default title of a task, without the module's name: `docker.io, curl`. */
  title(params: z.output<S>): string
  /** Files on the controller to read first. */
  inputs?(params: z.output<S>): InputFiles
  /**
   * Files that the contents of others name: those a template includes. Asked again until it returns no new keys. A file
   * that does not exist is left out.
   */
  furtherInputs?(params: z.output<S>, inputs: Inputs): Readonly<Record<string, string>>
  /**
   * The file on the controller that the task replaces, relative to the project. Its inputs are `path`, the absolute
   * path, and `current`, its content if there is one; or `directory`, if it is one.
   */
  controllerFile?(params: z.output<S>, host: string): string
  /** A read-only POSIX shell script that prints what the plan needs. May run at any time, any number of times. */
  probe(params: z.output<S>, inputs: Inputs): string
  /** Facts of the probe that are queried once for a batch of probes. */
  batchedFacts?(params: z.output<S>, inputs: Inputs): readonly FactQuery[]
  /**
   * The probe has no side effects on its shell: no `exit`, `cd` or `exec`, no variables or functions but `lb_...`. It
   * then needs no subshell.
   */
  readonly sideEffectFree?: boolean
  plan(params: z.output<S>, observed: Observed, inputs: Inputs, vars: Readonly<Record<string, unknown>>): Plan<V>
  /**
   * Check mode: the plan once earlier tasks have run, which leave this state for all that the task reads and they set.
   * Undefined: it cannot be predicted. Without it: it never can.
   */
  planAfter?(
    params: z.output<S>,
    observed: Observed,
    state: EarlierState,
    inputs: Inputs,
    vars: Readonly<Record<string, unknown>>,
  ): Plan<V> | undefined
  /**
   * For modules whose changes leave no state to probe (command, a restart): reads the changes' outputs. Such a task is
   * not probed again after it ran; all others are, and fail if they still plan changes.
   */
  result?(params: z.output<S>, applied: readonly Observed[]): Result<V>
  /**
   * Resource keys that the plan depends on: paths (`/etc/hosts`; with a trailing slash everything below, too), or
   * `kind:name` such as `user:alice`, `unit:docker.service`, `package:curl`; built by `support/effects.ts`. If an
   * earlier task sets one of them, this task is unknown in check mode, and in a run it is probed again after that one.
   * Without it: anything. Empty: nothing on the host. With {@link ANYTHING} among the keys: also what the playbook
   * declares with the task's keyword `reads`, and anything if it declares nothing.
   */
  reads?(params: z.output<S>): readonly string[] | undefined
  /**
   * Resource keys that changes with these parameters can set, whatever the state of the host, as in {@link reads}. Used
   * for changes without keys of their own, and for tasks that are unknown in check mode. Without it: anything.
   */
  sets?(params: z.output<S>): readonly string[] | undefined
  /**
   * For a module that runs on one host and changes another, such as an upload from the controller: that host, and what
   * changes there, as in {@link sets}.
   * @param inputs - undefined for a task that is unknown.
   */
  setsOnOtherHost?(params: z.output<S>, inputs?: Inputs): { readonly host: string; readonly sets: readonly string[] }
  /**
   * The probe prints the text of files, also of those that others on the host cannot read. No record has its output,
   * unless the plan says that it is not {@link Plan.confidential}.
   */
  readonly printsFiles?: boolean
  /**
   * Removes from the recorded output what others on the host cannot read, such as environment variables of containers.
   * The plan receives the whole output. Output of such a module is never written to a separate file.
   */
  redactOutput?(output: string): string
  /** The probe may wait, so it must not run before earlier tasks are done. */
  readonly waits?: boolean
  /** With {@link waits}: longest wait of the probe in seconds, for the display. */
  waitSeconds?(params: z.output<S>): number
  /**
   * For a change that disconnects the host, such as a reboot: the runner waits until it is back. Requires {@link
   * result}.
   */
  readonly comesBack?: ReconnectOptions<z.output<S>>
  /**
   * For a module that waits for a host which may not be reachable yet: outside check mode the runner waits for it, and
   * the plan gets the seconds that it took, instead of the output of the probe.
   */
  readonly connects?: ReconnectOptions<z.output<S>>
  /** Timeout of the task in seconds, if it depends on the parameters. */
  timeLimitSeconds?(params: z.output<S>): number
}
