import pico from 'picocolors'
import type { TaskResult } from '../../events/events.ts'

/** Colours text, or returns it unchanged without colour. */
export type Palette = ReturnType<typeof pico.createColors>

export const palette = (colour: boolean): Palette => pico.createColors(colour)

/** The label of a result: its status, or `ignored` for an ignored failure. */
export type ResultLabel = TaskResult['status'] | 'ignored'

export const labelOf = ({ status, ignored }: Pick<TaskResult, 'status' | 'ignored'>): ResultLabel =>
  status === 'failed' && ignored ? 'ignored' : status

/** Ansible's colours of the statuses. */
export function paintOf(label: ResultLabel, paint: Palette): (text: string) => string {
  switch (label) {
    case 'ok':
      return paint.green
    case 'changed':
      return paint.yellow
    case 'failed':
    case 'unreachable':
      return paint.red
    case 'skipped':
      return paint.cyan
    case 'ignored':
      return paint.magenta
    case 'unknown':
      return paint.blue
  }
}
