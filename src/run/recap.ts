import type { Recap, TaskResult } from './events.ts'

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

/** Counts one result as Ansible does: a changed task is ok as well, an ignored failure too. */
export function count(recap: Recap, result: Pick<TaskResult, 'status' | 'ignored'>): void {
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
      recap[result.ignored ? 'ignored' : 'failed'] += 1
      if (result.ignored) recap.ok += 1
      break
  }
}

/** Ansible's exit codes: 4 when a host could not be reached, 2 when one failed. */
export function exitCodeOf(recaps: Iterable<Recap>): 0 | 2 | 4 {
  let code: 0 | 2 | 4 = 0
  for (const recap of recaps) {
    if (recap.unreachable > 0) return 4
    if (recap.failed > 0) code = 2
  }
  return code
}
