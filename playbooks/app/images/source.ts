import {
  type CommandValues,
  PlaybookError,
  type PlayContext,
  register,
  type Register,
  shell,
  type Task,
  toText,
} from 'labbook'
import type { ImageSource } from './table.ts'

const detected = register<CommandValues>('image_source')

type Choice = ImageSource | 'auto'

/** @throws {PlaybookError} if `image_source` is invalid. */
function choiceOf({ vars }: Pick<PlayContext, 'vars'>): Choice {
  const choice = toText(vars.image_source ?? 'auto')
  if (choice === 'auto' || choice === 'hub' || choice === 'debian') return choice
  throw new PlaybookError(`image_source is "${choice}": it must be auto, hub or debian`)
}

/** With `auto`: Docker Hub if the host reaches it, otherwise Debian packages. */
export const detectSource = (on: Pick<PlayContext, 'vars'>): Task | false =>
  choiceOf(on) === 'auto' &&
  shell('Check access to Docker Hub', {
    cmd: 'if curl -s -o /dev/null --connect-timeout 3 --max-time 6 https://registry-1.docker.io/v2/; then echo hub; else echo debian; fi',
    read_only: true,
    register: detected,
  })

type Value = <V>(of: Register<V>) => V

/** Tasks for the configured source; with `auto`, for both, each conditional on the result of {@link detectSource}. */
export function tasksForSource(
  on: Pick<PlayContext, 'vars'>,
  tasks: (source: ImageSource, keywords: object) => Task[],
): Task[] {
  const choice = choiceOf(on)
  if (choice !== 'auto') return tasks(choice, {})
  return (['hub', 'debian'] as const).flatMap((source) =>
    tasks(source, { when: ({ value }: { value: Value }) => value(detected).stdout === source }),
  )
}
