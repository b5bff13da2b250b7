import type { Recap, TaskResult } from '../events/events.ts'

export const emptyRecap = (): Recap => ({
  ok: 0,
  changed: 0,
  unreachable: 0,
  failed: 0,
  skipped: 0,
  rescued: 0,
  ignored: 0,
  unknown: 0,
})

/**
 * Counts a result as Ansible does: a changed task also counts as ok, and so does an ignored failure; a rescued one only
 * counts as rescued.
 */
export function countResult(recap: Recap, result: Pick<TaskResult, 'status' | 'ignored' | 'rescued'>): void {
  if (result.ignored) {
    recap.ignored += 1
    recap.ok += 1
    return
  }
  switch (result.status) {
    case 'ok':
    case 'skipped':
    case 'unreachable':
    case 'unknown':
      recap[result.status] += 1
      break
    case 'changed':
      recap.ok += 1
      recap.changed += 1
      break
    case 'failed':
      recap[result.rescued ? 'rescued' : 'failed'] += 1
      break
  }
}

/** Ansible's exit codes: 4 if a host is unreachable, 2 if a host failed. */
export function exitCodeOf(recaps: Iterable<Recap>): 0 | 2 | 4 {
  let code: 0 | 2 | 4 = 0
  for (const recap of recaps) {
    if (recap.unreachable > 0) return 4
    if (recap.failed > 0) code = 2
  }
  return code
}
