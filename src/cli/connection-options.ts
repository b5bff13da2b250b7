import type { OptionSpec } from './command-line.ts'
import { UsageError } from './usage-error.ts'

/** Options about how hosts are reached. Inventory variables precede them, as in Ansible. */
export const CONNECTION_OPTIONS = {
  user: { short: 'u', value: 'NAME', help: 'log in as this user' },
  'ask-pass': { short: 'k', help: 'ask for the SSH password' },
  'private-key': { value: 'FILE', help: 'log in with this key' },
  'key-file': { value: 'FILE', help: 'the same as --private-key' },
  'ssh-common-args': {
    value: 'ARGS',
    hasDash: true,
    help: "arguments of ssh: '-J bastion', '-F FILE', '-o Name=value'",
  },
  timeout: { short: 'T', value: 'SECONDS', help: 'seconds to connect (default: 10)' },
  'accept-new': { help: 'add the host keys of hosts never seen to known_hosts' },
  become: { short: 'b', help: 'run everything through sudo' },
  'become-user': { value: 'NAME', help: 'the user that sudo changes to (default: root)' },
} as const satisfies Readonly<Record<string, OptionSpec>>

type Name = keyof typeof CONNECTION_OPTIONS

/** The values of {@link CONNECTION_OPTIONS}. */
export interface ConnectionOptions {
  /** Connection variables that the options stand for, and the option of each. */
  readonly variables: ReadonlyMap<string, { readonly value: string; readonly origin: string }>
  readonly askPass: boolean
  readonly acceptNew: boolean
}

const VARIABLES: readonly (readonly [Name, string])[] = [
  ['user', 'ansible_user'],
  ['private-key', 'ansible_ssh_private_key_file'],
  ['key-file', 'ansible_ssh_private_key_file'],
  ['ssh-common-args', 'ansible_ssh_common_args'],
  ['timeout', 'ansible_ssh_timeout'],
  ['become-user', 'ansible_become_user'],
]

/**
 * Reads the options.
 *
 * @param all - the values of an option in command line order.
 * @throws {UsageError} options that exclude each other.
 */
export function connectionOptions(all: (name: Name) => readonly string[], canPrompt: boolean): ConnectionOptions {
  const variables = new Map<string, { value: string; origin: string }>()
  for (const [name, variable] of VARIABLES) {
    const value = all(name).at(-1)
    if (value !== undefined) variables.set(variable, { value, origin: `--${name}` })
  }
  if (all('become').length > 0) variables.set('ansible_become', { value: 'true', origin: '--become' })
  const askPass = all('ask-pass').length > 0
  if (askPass && !canPrompt) {
    throw new UsageError(
      '--ask-pass prompts, which --no-input and --json forbid; set ansible_password for the hosts instead',
    )
  }
  return { variables, askPass, acceptNew: all('accept-new').length > 0 }
}
