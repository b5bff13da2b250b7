import { homedir } from 'node:os'
import { splitWords } from '../shell/split-words.ts'
import { ConnectionConfigError } from './config-error.ts'

/** StrictHostKeyChecking of ssh_config. */
export type HostKeyChecking = 'yes' | 'accept-new' | 'no'

/** The options in `ansible_ssh_*_args`. */
export interface SshArguments {
  userKnownHostsFiles?: readonly string[]
  hostKeyChecking?: HostKeyChecking
  bindAddress?: string
  /** Offers no keys of the agent but the configured ones. */
  identitiesOnly?: boolean
  connectTimeoutSeconds?: number
  /** Seconds without data after which a keepalive is sent; 0: never. */
  aliveIntervalSeconds?: number
  /** Unanswered keepalives after which the connection counts as lost. */
  aliveCountMax?: number
}

/** Parses an option's value; returns text for an invalid value. */
type Option = (value: string) => SshArguments | string

const INTEGER = /^\d+$/
const SECONDS_ERROR = 'must be a whole number of seconds'

const OPTIONS = new Map<string, Option>([
  [
    'userknownhostsfile',
    (value) => ({
      userKnownHostsFiles: value === 'none' ? [] : value.split(/\s+/).map(expandHome),
    }),
  ],
  [
    'stricthostkeychecking',
    (value) => {
      if (value === 'yes' || value === 'ask') return { hostKeyChecking: 'yes' }
      if (value === 'no' || value === 'off') return { hostKeyChecking: 'no' }
      return value === 'accept-new' ? { hostKeyChecking: value } : 'must be yes, accept-new or no'
    },
  ],
  ['bindaddress', (value) => ({ bindAddress: value })],
  [
    'identitiesonly',
    (value) => (['yes', 'no'].includes(value) ? { identitiesOnly: value === 'yes' } : 'must be yes or no'),
  ],
  [
    'certificatefile',
    () => 'is not supported: Labbook cannot log in with certificates; install the public key on the host',
  ],
  ['connecttimeout', (value) => (/^[1-9]\d*$/.test(value) ? { connectTimeoutSeconds: Number(value) } : SECONDS_ERROR)],
  ['serveraliveinterval', (value) => (INTEGER.test(value) ? { aliveIntervalSeconds: Number(value) } : SECONDS_ERROR)],
  [
    'serveralivecountmax',
    (value) => (INTEGER.test(value) ? { aliveCountMax: Number(value) } : 'must be a whole number'),
  ],
  ['proxyjump', () => 'is not supported yet: run Labbook on the jump host, or open a tunnel and set ansible_port'],
  // Labbook always shares one connection and never prompts.
  ...['controlmaster', 'controlpath', 'controlpersist', 'batchmode', 'compression'].map((name): [string, Option] => [
    name,
    () => ({}),
  ]),
])

/**
 * Parses arguments of `ssh`: `-o Key=Value`, `-oKey=Value`, `-o "Key Value"`; and `-C`.
 * @throws {ConnectionConfigError} for any other.
 */
export function parseSshArguments(text: string, variable: string, host: string): SshArguments {
  const words = wordsOf(text, variable, host)
  const result: SshArguments = {}
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-C') continue
    const assignment = word === '-o' ? words.shift() : word.startsWith('-o') ? word.slice(2) : undefined
    const [, name, value] = /^\s*(\w+)\s*[=\s]\s*(.+)$/s.exec(assignment ?? '') ?? []
    if (name === undefined || value === undefined) {
      throw new ConnectionConfigError(
        `${host}: ${variable}: cannot read ${JSON.stringify(assignment ?? word)}; write options as -o Name=value`,
      )
    }
    const parsed = OPTIONS.get(name.toLowerCase())?.(value.trim()) ?? `is not supported; supported are ${SUPPORTED}`
    if (typeof parsed === 'string') throw new ConnectionConfigError(`${host}: ${variable}: option "${name}" ${parsed}`)
    Object.assign(result, parsed)
  }
  return result
}

function wordsOf(text: string, variable: string, host: string): string[] {
  try {
    return splitWords(text)
  } catch (error) {
    throw new ConnectionConfigError(`${host}: ${variable}: ${(error as SyntaxError).message}`, { cause: error })
  }
}

const SUPPORTED =
  'UserKnownHostsFile, StrictHostKeyChecking, IdentitiesOnly, BindAddress, ConnectTimeout, ServerAliveInterval and ' +
  'ServerAliveCountMax'

/** Expands `~` and `~/x` as a shell does. */
export const expandHome = (path: string): string => path.replace(/^~(?=\/|$)/, homedir())
