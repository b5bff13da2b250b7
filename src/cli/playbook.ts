import type { Step } from '../run/play.ts'
import type { Words } from './options.ts'

/** A playbook: what `npx zx playbooks/NAME.mjs` runs. */
export interface Playbook {
  /** The entry's name without its ending; names the run's folder. */
  readonly name: string
  /** One line for `--help`. */
  readonly description: string
  /** Words it takes beside options, such as `up` and `down`; the first is taken when none is given. */
  readonly words?: Words
  /** What it does, in order. A function gets the word that was given. */
  readonly steps: readonly Step[] | ((word: string | undefined) => readonly Step[])
}

/** Declares a playbook. */
export const playbook = (definition: Playbook): Playbook => definition

export const stepsOf = ({ steps }: Playbook, word: string | undefined): readonly Step[] =>
  typeof steps === 'function' ? steps(word) : steps
