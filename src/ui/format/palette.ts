import pico from 'picocolors'
import type { TaskResult } from '../../events/events.ts'

/** Colours text, or returns it unchanged without colour. */
export type Palette = ReturnType<typeof pico.createColors>

export const palette = (colour: boolean): Palette => pico.createColors(colour)

/** The label of a result: its status, or `ignored` or `rescued` for a failure after which the play goes on. */
export type ResultLabel = TaskResult['status'] | 'ignored' | 'rescued'

export const labelOf = ({
  status,
  ignored,
  rescued,
}: Pick<TaskResult, 'status' | 'ignored' | 'rescued'>): ResultLabel =>
  status !== 'failed' && status !== 'unreachable' ? status : ignored ? 'ignored' : rescued ? 'rescued' : status

/** Whether a result with this label is of a failure, even if the play goes on. */
export const isFailureLabel = (label: ResultLabel): boolean =>
  label === 'failed' || label === 'unreachable' || label === 'ignored' || label === 'rescued'

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
    case 'rescued':
      return paint.magenta
    case 'unknown':
      return paint.blue
  }
}
