import type { TaskResult } from '../events/events.ts'
import { register } from '../values/reference.ts'
import type { Registry } from './registry.ts'

/** The result of the task that failed, for `rescue` and `always`. */
export interface FailedResult {
  readonly failed: true
  readonly msg: string
  readonly stdout: string
  readonly stderr: string
  readonly rc: number | null
}

/** The task of a block that failed, for its `rescue` and `always`. */
export const ansible_failed_task = register<{ readonly name: string; readonly action: string }>('ansible_failed_task')

/** The result of {@link ansible_failed_task}. */
export const ansible_failed_result = register<FailedResult>('ansible_failed_result')

/** Sets both for the host of a task that failed. */
export function setFailedTask(
  registry: Registry,
  { host, task, module, message, stdout, stderr, exitCode }: Omit<TaskResult, 'time'>,
): void {
  const result: FailedResult = { failed: true, msg: message ?? '', stdout, stderr, rc: exitCode }
  registry.set(host, ansible_failed_task.key, { name: task, action: module })
  registry.set(host, ansible_failed_result.key, result)
}
