import type { TaskKeywords } from '../modules/task.ts'
import { quote } from '../shell/quote.ts'

type Environment = Pick<TaskKeywords, 'environment'>

export const hasEnvironment = ({ environment = {} }: Environment): boolean => Object.keys(environment).length > 0

/** Exports the task's `environment` before a script. */
export function withEnvironment({ environment = {} }: Environment, script: string): string {
  const pairs = Object.entries(environment)
  if (pairs.length === 0) return script
  return `${pairs.map(([name, value]) => `export ${name}=${quote(value)}`).join('\n')}\n${script}`
}
