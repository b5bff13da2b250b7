import {
  PlaybookError,
  register,
  shell,
  type CommandValues,
  type PlayContext,
  type Register,
  type Task,
} from '../../src/labbook.ts'
import type { Source } from './table.ts'

const found = register<CommandValues>('image_source')

type Choice = Source | 'auto'

/** @throws {PlaybookError} `image_source` is none of the three. */
function choiceOf({ vars }: Pick<PlayContext, 'vars'>): Choice {
  const choice = String(vars.image_source ?? 'auto')
  if (choice === 'auto' || choice === 'hub' || choice === 'debian') return choice
  throw new PlaybookError(`image_source is "${choice}": it must be auto, hub or debian`)
}

/** `auto`: Docker Hub where the host reaches it, else the distribution's packages. */
export const findSource = (on: Pick<PlayContext, 'vars'>): Task | false =>
  choiceOf(on) === 'auto' &&
  shell('Check whether Docker Hub can be reached', {
    cmd: 'if curl -s -o /dev/null --connect-timeout 3 --max-time 6 https://registry-1.docker.io/v2/; then echo hub; else echo debian; fi',
    read_only: true,
    register: found,
  })

type Value = <V>(of: Register<V>) => V

/** The tasks for the source that is asked for; with `auto`, those of both, each where {@link findSource} found it. */
export function fromSource(on: Pick<PlayContext, 'vars'>, tasks: (source: Source, keywords: object) => Task[]): Task[] {
  const choice = choiceOf(on)
  if (choice !== 'auto') return tasks(choice, {})
  return (['hub', 'debian'] as const).flatMap((source) =>
    tasks(source, { when: ({ value }: { value: Value }) => value(found).stdout === source }),
  )
}
