import { secret, type Secret } from '../values/secret.ts'
import { wantsColour } from './choose-screen.ts'

/** The user cancelled a prompt with Ctrl-C or Escape. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'

  constructor() {
    super('cancelled')
  }
}

export interface PromptContext {
  readonly noInput: boolean
  readonly yes: boolean
  readonly json: boolean
  readonly stdin: { readonly isTTY?: boolean }
  readonly stdout: { readonly isTTY?: boolean }
}

/** Whether the user can be prompted. Check before every prompt: with a closed stdin it would silently exit with 0. */
export const isInteractive = ({ noInput, yes, json, stdin, stdout }: PromptContext): boolean =>
  !noInput && !yes && !json && stdin.isTTY === true && stdout.isTTY === true

export interface SelectableHost {
  readonly name: string
  readonly groups: readonly string[]
}

/**
 * Prompts for hosts; all are selected initially, and at least one is required.
 *
 * @returns the names, in the order of `hosts`.
 * @throws {Cancelled} the user cancelled.
 */
export async function promptHosts(hosts: readonly SelectableHost[]): Promise<string[]> {
  const width = Math.max(...hosts.map(({ name }) => name.length))
  const selected = await ask<string[]>({
    type: 'multiselect',
    message: 'Select hosts',
    hint: 'space: toggle, a: toggle all, enter: confirm',
    choices: hosts.map(({ name, groups }) => ({ name, message: name.padEnd(width), hint: groups.join(', ') })),
    emptyError: ' ', // also printed when the user cancels
    // The default symbols differ only in colour.
    pointer: '❯',
    symbols: { indicator: { on: ' ◉', off: ' ◯' } },
    initial: hosts.map(({ name }) => name),
    validate: (names: readonly string[]) =>
      names.length > 0 || 'No host selected: select one with space, or cancel with Ctrl-C',
  })
  return hosts.map(({ name }) => name).filter((name) => selected.includes(name))
}

/**
 * Prompts for a password without showing it or its length.
 *
 * @throws {Cancelled} the user cancelled.
 */
export async function promptPassword(message: string): Promise<Secret> {
  return secret(
    await ask<string>({
      type: 'invisible',
      message,
      validate: (text: string) => text !== '' || 'The password is empty',
    }),
  )
}

/**
 * Prompts for the value of a variable.
 *
 * @param isPrivate - the answer is not shown.
 * @param initial - the value of an empty answer.
 * @throws {Cancelled} the user cancelled.
 */
export const promptText = async (message: string, isPrivate: boolean, initial?: string): Promise<string> => {
  const answer = await ask<string>({
    type: isPrivate ? 'invisible' : 'input',
    message,
    ...(initial === undefined || isPrivate ? {} : { initial }),
  })
  return answer === '' ? (initial ?? '') : answer
}

/**
 * Asks a yes-or-no question; the default is no.
 *
 * @param about - lines to print first.
 * @throws {Cancelled} the user cancelled.
 */
export async function confirm(message: string, about: readonly string[] = []): Promise<boolean> {
  if (about.length > 0) terminal().write(`${about.join('\n')}\n`)
  return await ask<boolean>({ type: 'confirm', message, initial: false })
}

/**
 * Asks whether to run a task: the default is no, as in Ansible.
 *
 * @throws {Cancelled} the user cancelled.
 */
export async function promptStep(title: string): Promise<'no' | 'yes' | 'continue'> {
  return await ask<'no' | 'yes' | 'continue'>({
    type: 'select',
    message: `Perform task: ${title}`,
    choices: [
      { name: 'no', message: 'no: skip it' },
      { name: 'yes', message: 'yes' },
      { name: 'continue', message: 'continue: run it and all others without asking' },
    ],
  })
}

/** Prompts go to stderr, unless it is redirected. */
const terminal = (): NodeJS.WriteStream => (process.stderr.isTTY ? process.stderr : process.stdout)

async function ask<T>(question: Record<string, unknown>): Promise<T> {
  const stdout = terminal()
  const enabled = wantsColour({ isTTY: stdout.isTTY, env: process.env })
  // Loaded on demand.
  const { default: Enquirer } = await import('enquirer')
  // `styles` and others are missing in its types.
  const prompt = { ...question, name: 'answer', stdout, styles: { enabled } }
  let answers: { answer: T }
  try {
    answers = await Enquirer.prompt<{ answer: T }>(prompt as unknown as Parameters<typeof Enquirer.prompt>[0])
  } catch (error) {
    if (error === '' || error === undefined) throw new Cancelled() // how enquirer reports it
    throw error
  }
  return answers.answer
}
