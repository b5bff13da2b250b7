import type { z } from 'zod'
import type { Shared } from '../shell/shared.ts'
import type { Observed } from './observed.ts'

/** The text before and after a change, for `--diff`. */
export interface Diff {
  /** What the text is of: a path, a unit, a service. */
  readonly subject: string
  readonly before: string
  readonly after: string
}

/** One thing a task would do to a host: what is shown in check mode is what runs. */
export interface Change {
  /** In the imperative and with the names: `create group ops (gid 1001)`. */
  readonly description: string
  /**
   * POSIX shell text that makes the change; exit code 0 means made. Runs with `set -e` off: end each step with `||
   * exit`.
   */
  readonly script: string
  readonly diff?: Diff
  /** What it sets, in the words of {@link ModuleDefinition.reads}. Without it: anything. */
  readonly sets?: readonly string[]
}

/** What a module makes of what it observed. No changes and no problem: the host is as asked. */
export interface Plan<V> {
  readonly changes: readonly Change[]
  /** What `register` keeps. After changes the probe runs again, and that plan's values count. */
  readonly values?: V
  /**
   * Why what is asked cannot be (a user that does not exist, a command that is not there, a wrong answer). The task
   * fails with it; in check mode, where an earlier task has yet to change the host, it reads "cannot tell before X".
   */
  readonly problem?: string
  /**
   * What it depends on beyond {@link ModuleDefinition.reads}, as only the probe could tell: where a link in a path
   * leads.
   */
  readonly reads?: readonly string[]
}

/** What came of changes that leave no trace to probe, such as a command's output. */
export interface Result<V> {
  readonly values: V
  readonly failed?: string
}

/** Text or bytes of files on the controller that a module needs, by the key it asked for them with. */
export type Inputs = Readonly<Record<string, Buffer>>

/**
 * Files on the controller a module asks for: key -> path, looked up beside the playbook, in `templates/` and in the
 * project.
 */
export type InputFiles = Readonly<Record<string, string>>

/** How to tell that a host that went away is back. */
export interface ComesBack<P> {
  /** Seconds from the change until the first look. */
  afterSeconds(params: P): number
  /** Seconds it may take from then on. */
  withinSeconds(params: P): number
  /** A read-only script, sent again and again; its last outcome is what `result` reads. */
  probe(params: P): string
  /** What is still missing, by what the task's own probe saw before and this one sees now. Undefined: it is back. */
  missing(params: P, before: Observed, now: Observed): string | undefined
}

/**
 * A module is data and two pure functions. Nothing in it does I/O: the runner sends the probe, hands its output to the
 * plan, and runs or shows the changes.
 */
export interface ModuleDefinition<S extends z.ZodType = z.ZodType, V = unknown> {
  readonly name: string
  /** The parameters, with defaults; names and meanings are Ansible's where Ansible has the module. */
  readonly schema: S
  /** A task's title when the author gives none, without the module's name: `docker.io, curl`. */
  title(params: z.output<S>): string
  /** Files on the controller to read first. */
  inputs?(params: z.output<S>): InputFiles
  /**
   * A read-only POSIX shell script that prints what the plan needs to know. May be run at any time, any number of
   * times.
   */
  probe(params: z.output<S>, inputs: Inputs): string
  /** What the probe can be told together with others. */
  shares?(params: z.output<S>, inputs: Inputs): readonly Shared[]
  /**
   * The probe leaves the shell that runs it as it was: no `exit`, `cd` or `exec`, no variable but `lb_...`. It then
   * costs no subshell.
   */
  readonly contained?: boolean
  plan(params: z.output<S>, observed: Observed, inputs: Inputs, vars: Readonly<Record<string, unknown>>): Plan<V>
  /**
   * For modules whose change leaves nothing to probe (command, a restart): reads the changes' own outputs. Such a task
   * is not probed again after it ran; all others are, and one that still wants changes then has failed.
   */
  result?(params: z.output<S>, applied: readonly Observed[]): Result<V>
  /**
   * What the plan depends on: paths (`/etc/hosts`; with a slash at the end all that is below, too), or `kind:name`,
   * such as `user:alice`, `unit:docker.service`, `package:curl`; `support/effects.ts` makes them. In check mode a task
   * that reads what an earlier one would set cannot be told; in a run it is looked at again after that one. Without it:
   * anything. Empty: nothing on the host.
   */
  reads?(params: z.output<S>): readonly string[] | undefined
  /**
   * All that changes with these parameters can set, whatever the host looks like, in the words of {@link reads}. It
   * stands for a change that does not say what it sets, and for a task that check mode cannot tell. Without it:
   * anything.
   */
  sets?(params: z.output<S>): readonly string[] | undefined
  /** The probe may wait for something, so it must not run before earlier tasks are done. */
  readonly waits?: boolean
  /** Of a module that {@link waits}: the most seconds that its probe waits, for the screen. */
  waitSeconds?(params: z.output<S>): number
  /**
   * For a change that takes the host away, such as a reboot: the runner waits until it is back. Goes with
   * {@link result}.
   */
  readonly comesBack?: ComesBack<z.output<S>>
  /** Seconds the task may take, where the parameters say so. */
  timeLimitSeconds?(params: z.output<S>): number
}
