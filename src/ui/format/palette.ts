import pico from 'picocolors'
import type { TaskResult } from '../../run/events.ts'

/** Paints text, or leaves it as it is where there is no colour. */
export type Palette = ReturnType<typeof pico.createColors>

export const palette = (colour: boolean): Palette => pico.createColors(colour)

/** The word a result stands under: its status, but a failure that the play ignores is no `failed`. */
export type Label = TaskResult['status'] | 'ignored'

export const labelOf = ({ status, ignored }: Pick<TaskResult, 'status' | 'ignored'>): Label =>
  status === 'failed' && ignored ? 'ignored' : status

/** Ansible's colours of the states. */
export function paintOf(label: Label, paint: Palette): (text: string) => string {
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
