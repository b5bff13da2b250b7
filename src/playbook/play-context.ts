import type { Task } from '../modules/task.ts'

/** Read-only data that a play uses to build the task list of one host. */
export interface PlayContext {
  /** The host's name in the inventory (`inventory_hostname`). */
  readonly host: string
  /** The host's variables: inventory, then the play's, then `--extra-vars`. */
  readonly vars: Readonly<Record<string, unknown>>
  /** The same with further variables, which those of `--extra-vars` still override. */
  readonly varsWith: (more: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
  /** Facts collected by `gather_facts`; empty without it. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly groups: Readonly<Record<string, readonly string[]>>
  /** Variables of another host. */
  readonly hostvars: (host: string) => Readonly<Record<string, unknown>>
  readonly check: boolean
}

/**
 * The inventory or the variables lack what a playbook needs. Thrown by code of a play or an experiment. The user sees
 * only the message; the run ends with exit code 1.
 */
export class PlaybookError extends Error {
  override readonly name = 'PlaybookError'
}

/** Handlers by name. */
export type Handlers = Readonly<Record<string, Task>>
