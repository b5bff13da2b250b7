import type { RunHost } from '../execution/run-host.ts'
import type { Play } from '../playbook/play.ts'

type Host = Pick<RunHost, 'excluded'>
type Limits = Pick<Play, 'any_errors_fatal' | 'max_fail_percentage'>

/**
 * Why a play must stop on all hosts, and the run end after it; undefined if it goes on. As in Ansible: all hosts of the
 * batch failed or are unreachable, one of them and the play sets `any_errors_fatal`, or more failed than
 * `max_fail_percentage` of the batch allows (unreachable hosts do not count there).
 */
export function failureReason(limits: Limits, batch: readonly Host[]): string | undefined {
  const excluded = batch.filter((host) => host.excluded !== undefined)
  if (excluded.length === 0) return undefined
  if (limits.any_errors_fatal === true) return 'sets any_errors_fatal and did not succeed on all hosts'
  if (excluded.length === batch.length) return 'did not succeed on any host'
  return exceededLimit(limits, batch)
}

/** Why no host may run another task: more hosts failed than `max_fail_percentage` allows. */
export function exceededLimit({ max_fail_percentage }: Limits, batch: readonly Host[]): string | undefined {
  const failed = batch.filter((host) => host.excluded === 'failed').length
  if (max_fail_percentage === undefined || (failed / batch.length) * 100 <= max_fail_percentage) return undefined
  return `failed on ${failed} of ${batch.length} hosts, more than max_fail_percentage ${max_fail_percentage} allows`
}
