import { secret, type Secret } from '../values/secret.ts'
import { wantsColour } from './choose.ts'

/** The user left a question with Ctrl-C or Escape. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'

  constructor() {
    super('cancelled')
  }
}

export interface AskingChance {
  readonly noInput: boolean
  readonly yes: boolean
  readonly json: boolean
  readonly stdin: { readonly isTTY?: boolean }
  readonly stdout: { readonly isTTY?: boolean }
}

/**
 * Whether there is someone to ask. To be looked at before every question: where stdin has ended, a prompt would end the
 * process with 0 and without a word.
 */
export const canAsk = ({ noInput, yes, json, stdin, stdout }: AskingChance): boolean =>
  !noInput && !yes && !json && stdin.isTTY === true && stdout.isTTY === true

export interface HostChoice {
  readonly name: string
  readonly groups: readonly string[]
}

/**
 * Lets the user choose hosts; all are chosen at first, and at least one has to be.
 *
 * @returns the names, in the order of `hosts`.
 * @throws {Cancelled} the user left.
 */
export async function askHosts(hosts: readonly HostChoice[]): Promise<string[]> {
  const width = Math.max(...hosts.map(({ name }) => name.length))
  const chosen = await ask<string[]>({
    type: 'multiselect',
    message: 'Which hosts?',
    hint: 'space chooses, a all or none, enter goes on',
    choices: hosts.map(({ name, groups }) => ({ name, message: name.padEnd(width), hint: groups.join(', ') })),
    emptyError: ' ', // said when the user leaves, too
    // Its own marks differ in colour alone.
    pointer: '❯',
    symbols: { indicator: { on: ' ◉', off: ' ◯' } },
    initial: hosts.map(({ name }) => name),
    validate: (names: readonly string[]) =>
      names.length > 0 || 'No host is chosen: choose one with space, or leave with Ctrl-C',
  })
  return hosts.map(({ name }) => name).filter((name) => chosen.includes(name))
}

/**
 * Asks for a password; nothing of it is shown, not even how long it is.
 *
 * @throws {Cancelled} the user left.
 */
export async function askPassword(message: string): Promise<Secret> {
  return secret(
    await ask<string>({
      type: 'invisible',
      message,
      validate: (text: string) => text !== '' || 'The password is empty',
    }),
  )
}

/**
 * Asks a yes-or-no question; no is the answer to a bare Enter.
 *
 * @param about - lines to read first.
 * @throws {Cancelled} the user left.
 */
export async function confirm(message: string, about: readonly string[] = []): Promise<boolean> {
  if (about.length > 0) terminal().write(`${about.join('\n')}\n`)
  return await ask<boolean>({ type: 'confirm', message, initial: false })
}

/** Questions are no output: they go to stderr, unless that is written to a file. */
const terminal = (): NodeJS.WriteStream => (process.stderr.isTTY ? process.stderr : process.stdout)

async function ask<T>(question: Record<string, unknown>): Promise<T> {
  const stdout = terminal()
  const enabled = wantsColour({ isTTY: stdout.isTTY, env: process.env })
  // Loaded only where something is asked.
  const { default: Enquirer } = await import('enquirer')
  // `styles` and more are missing from its types.
  const asked = { ...question, name: 'answer', stdout, styles: { enabled } }
  let answers: { answer: T }
  try {
    answers = await Enquirer.prompt<{ answer: T }>(asked as unknown as Parameters<typeof Enquirer.prompt>[0])
  } catch (error) {
    if (error === '' || error === undefined) throw new Cancelled() // all that enquirer says
    throw error
  }
  return answers.answer
}
