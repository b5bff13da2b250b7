import { homedir } from 'node:os'
import { ConnectionConfigError } from './config-error.ts'

/** How strict a host key is checked: as ssh_config's StrictHostKeyChecking. */
export type HostKeyChecking = 'yes' | 'accept-new' | 'no'

/** What `ansible_ssh_*_args` ask for. */
export interface SshArguments {
  userKnownHostsFiles?: readonly string[]
  hostKeyChecking?: HostKeyChecking
  bindAddress?: string
  connectTimeoutSeconds?: number
  /** Seconds of silence after which the host is asked whether it is there; 0: never. */
  aliveIntervalSeconds?: number
  /** How often it is asked in vain before the line counts as lost. */
  aliveCountMax?: number
}

/** What one option means; a value it cannot have is told as text. */
type Option = (value: string) => SshArguments | string

const WHOLE = /^\d+$/
const NO_SECONDS = 'must be a whole number of seconds'

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
  ['connecttimeout', (value) => (/^[1-9]\d*$/.test(value) ? { connectTimeoutSeconds: Number(value) } : NO_SECONDS)],
  ['serveraliveinterval', (value) => (WHOLE.test(value) ? { aliveIntervalSeconds: Number(value) } : NO_SECONDS)],
  ['serveralivecountmax', (value) => (WHOLE.test(value) ? { aliveCountMax: Number(value) } : 'must be a whole number')],
  ['proxyjump', () => 'is not supported yet: run Labbook on the jump host, or open a tunnel and set ansible_port'],
  // Labbook shares one connection anyway, and asks nothing.
  ...['controlmaster', 'controlpath', 'controlpersist', 'batchmode', 'compression'].map((name): [string, Option] => [
    name,
    () => ({}),
  ]),
])

/**
 * Reads arguments as one would give them to `ssh`: `-o Key=Value`, `-oKey=Value`, `-o "Key Value"`; and `-C`.
 * @throws {ConnectionConfigError} for any other.
 */
export function readSshArguments(text: string, variable: string, host: string): SshArguments {
  const words = splitWords(text)
  const read: SshArguments = {}
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-C') continue
    const assignment = word === '-o' ? words.shift() : word.startsWith('-o') ? word.slice(2) : undefined
    const [, name, value] = /^\s*(\w+)\s*[=\s]\s*(.+)$/s.exec(assignment ?? '') ?? []
    if (name === undefined || value === undefined) {
      throw new ConnectionConfigError(
        `${host}: ${variable}: cannot read ${JSON.stringify(assignment ?? word)}; write options as -o Name=value`,
      )
    }
    const meaning = OPTIONS.get(name.toLowerCase())?.(value.trim()) ?? `is not supported; supported are ${SUPPORTED}`
    if (typeof meaning === 'string')
      throw new ConnectionConfigError(`${host}: ${variable}: the option ${name} ${meaning}`)
    Object.assign(read, meaning)
  }
  return read
}

const SUPPORTED =
  'UserKnownHostsFile, StrictHostKeyChecking, BindAddress, ConnectTimeout, ServerAliveInterval and ' +
  'ServerAliveCountMax'

/** `~` and `~/x` as a shell reads them. */
export const expandHome = (path: string): string => path.replace(/^~(?=\/|$)/, homedir())

/** Splits at blanks outside quotes. */
const splitWords = (text: string): string[] =>
  [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
