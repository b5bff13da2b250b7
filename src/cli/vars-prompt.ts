import type { Play, PlaybookStep } from '../playbook/play.ts'
import type { VarsPrompt } from '../playbook/play-options.ts'
import { secret } from '../values/secret.ts'
import { UsageError } from './usage-error.ts'

/** Asks one question; see `promptText`. */
export type AskVariable = (message: string, isPrivate: boolean, initial?: string) => Promise<string>

/**
 * The steps with the values of their `vars_prompt` as variables, which those of `--extra-vars` override.
 *
 * @param askVariable - undefined where nobody can be asked: questions then need a default.
 * @throws {UsageError} nobody can be asked, and a question has no default.
 */
export async function withPromptedVars(
  steps: readonly PlaybookStep[],
  extraVars: Readonly<Record<string, unknown>>,
  askVariable: AskVariable | undefined,
): Promise<PlaybookStep[]> {
  const result: PlaybookStep[] = []
  for (const step of steps) {
    const open = step.kind === 'play' ? openQuestions(step, extraVars) : []
    if (step.kind !== 'play' || open.length === 0) {
      result.push(step)
      continue
    }
    const values: Record<string, unknown> = {}
    // One after the other.
    for (const question of open) values[question.name] = await valueOf(question, step, askVariable)
    result.push({ ...step, vars: { ...step.vars, ...values } })
  }
  return result
}

/** The variables of `vars_prompt` for listings, which ask nothing: defaults, and a placeholder where there is none. */
export const promptDefaults = (play: Play, extraVars: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    openQuestions(play, extraVars).map((question) => {
      const { name, default: initial = `<${name}>` } = question
      return [name, wrapped(question, initial)]
    }),
  )

/** Whether a play asks for a value that only the user knows. */
export const needsAnswer = (play: Play, extraVars: Readonly<Record<string, unknown>>): boolean =>
  openQuestions(play, extraVars).some((question) => question.default === undefined)

const openQuestions = (
  { vars_prompt: questions = [] }: Play,
  extraVars: Readonly<Record<string, unknown>>,
): VarsPrompt[] => questions.filter(({ name }) => !Object.hasOwn(extraVars, name))

const wrapped = ({ private: isPrivate = true }: VarsPrompt, text: string): unknown => (isPrivate ? secret(text) : text)

async function valueOf(question: VarsPrompt, play: Play, askVariable: AskVariable | undefined): Promise<unknown> {
  const { name, default: initial, private: isPrivate = true } = question
  if (askVariable !== undefined) return wrapped(question, await answerTo(question, isPrivate, askVariable))
  if (initial !== undefined) return wrapped(question, initial)
  throw new UsageError(`play "${play.name}" asks for ${name}, and nobody can be asked: set it with -e ${name}=VALUE`)
}

/** The answer; with `confirm`, once it is the same twice. */
async function answerTo(
  { name, prompt = name, default: initial, confirm = false }: VarsPrompt,
  isPrivate: boolean,
  askVariable: AskVariable,
): Promise<string> {
  const question = initial === undefined || !isPrivate ? prompt : `${prompt} (empty: the default)`
  for (;;) {
    const answer = await askVariable(question, isPrivate, initial)
    if (!confirm || (await askVariable(`confirm ${prompt}`, isPrivate, initial)) === answer) return answer
    process.stderr.write('The values differ\n')
  }
}
