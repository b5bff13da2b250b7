import type { Play } from '../playbook/play.ts'
import type { NotifiedHandlers } from './notified-handlers.ts'
import type { RunHost } from './run-host.ts'
import type { RunState } from './run-state.ts'

/** What the tasks of one host in one play share. */
export interface ExecutionContext {
  readonly state: RunState
  readonly play: Play
  readonly host: RunHost
  readonly vars: Readonly<Record<string, unknown>>
  readonly handlers: NotifiedHandlers
  /** Strategy `linear`: each task is sent alone, as all hosts end it before the next starts. */
  readonly isLinear: boolean
}
