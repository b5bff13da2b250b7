import { type CommandValues, type PlayContext, register, type Register, shell, type Task } from 'labbook'
import { appVars } from '../vars.ts'
import type { PackageSource } from './table.ts'

const detected = register<CommandValues>('image_source')

const choiceOf = ({ vars }: Pick<PlayContext, 'vars'>) => appVars.read(vars).image_source

/** With `auto`: Docker Hub if the host reaches it, otherwise Debian packages. */
export const detectSource = (on: Pick<PlayContext, 'vars'>): Task | false =>
  choiceOf(on) === 'auto' &&
  shell('Check access to Docker Hub', {
    cmd: 'if curl -s -o /dev/null --connect-timeout 3 --max-time 6 https://registry-1.docker.io/v2/; then echo hub; else echo debian; fi',
    read_only: true,
    // Not on the CA that this project installs: it signs no certificate of Docker Hub.
    reads: ['package:curl', '/usr/bin/curl', '/etc/hosts', '/etc/resolv.conf'],
    register: detected,
  })

type Value = <V>(of: Register<V>) => V

/** Tasks for the configured source; with `auto`, for both, each conditional on the result of {@link detectSource}. */
export function tasksForSource(
  on: Pick<PlayContext, 'vars'>,
  tasks: (source: PackageSource, keywords: object) => Task[],
): Task[] {
  const choice = choiceOf(on)
  if (choice !== 'auto') return tasks(choice, {})
  return (['hub', 'debian'] as const).flatMap((source) =>
    tasks(source, { when: ({ value }: { value: Value }) => value(detected).stdout === source }),
  )
}
