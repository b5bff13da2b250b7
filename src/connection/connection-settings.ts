import { userInfo } from 'node:os'
import { z } from 'zod'
import { Secret, secret } from '../values/secret.ts'
import { ConnectionConfigError } from './config-error.ts'
import { expandHome, type HostKeyChecking, parseSshArguments } from './ssh-arguments.ts'
import { parseSudoFlags } from './sudo-flags.ts'

/** How to connect to a host, and the user its scripts run as. */
export interface ConnectionSettings {
  /** The host's name in the inventory. */
  readonly name: string
  readonly connection: 'ssh' | 'local'
  readonly address: string
  readonly port: number
  readonly user: string
  readonly password?: Secret
  /** The private key to log in with; default: the agent's keys and the default keys in ~/.ssh. */
  readonly keyFile?: string
  readonly keyPassphrase?: Secret
  /** Keys of the agent are offered only if they are configured, as with ssh. */
  readonly identitiesOnly?: boolean
  /** Default: ~/.ssh/known_hosts. */
  readonly userKnownHostsFiles?: readonly string[]
  readonly hostKeyChecking: HostKeyChecking
  /** The source address of the connection. */
  readonly bindAddress?: string
  readonly connectTimeoutSeconds: number
  /** As ServerAliveInterval and ServerAliveCountMax of ssh_config. */
  readonly keepalive: { readonly intervalSeconds: number; readonly countMax: number }
  readonly become: {
    readonly always: boolean
    readonly user: string
    readonly password?: Secret
    /** The program that is called as sudo, and its options; default: `sudo -H`. */
    readonly exe?: string
    readonly flags?: readonly string[]
  }
}

/** Names as useradd allows them: they are part of sudo's command line. */
const ACCOUNT = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/

const TRUE = ['true', 'yes', 'on', '1']
const FALSE = ['false', 'no', 'off', '0']

const text = z.string('must be a string').min(1, 'must not be empty')
const account = z.string('must be a user name').regex(ACCOUNT, 'must be a user name: letters, digits, _ . -')
const PORT = 'must be a port number'
const port = z.coerce.number(PORT).int(PORT).min(1, PORT).max(65535, PORT)
const seconds = z.coerce.number('must be a number of seconds').positive('must be a number of seconds above 0')
const password = z
  .union([z.string(), z.instanceof(Secret)], 'must be a string: quote it')
  .transform((value) => secret(value))
const sudoExe = z
  .string('must be a string')
  .regex(/^[\w.+/-]+$/, 'must be the name or path of a program: letters, digits, . _ + - /')
const sudoFlags = z.string('must be a string').transform((value, context) => {
  try {
    return parseSudoFlags(value)
  } catch (error) {
    context.addIssue((error as SyntaxError).message)
    return z.NEVER
  }
})
const boolean = z.unknown().transform((value, context) => {
  const text = String(value).toLowerCase()
  if (TRUE.includes(text)) return true
  if (!FALSE.includes(text)) context.addIssue('must be true or false')
  return false
})

/** Each setting's schema and variables; the first variable that is set counts. */
const read = {
  connection: (from: Reader) => from(z.enum(['ssh', 'local'], 'must be ssh or local'), 'ansible_connection'),
  address: (from: Reader) => from(text, 'ansible_host', 'ansible_ssh_host'),
  port: (from: Reader) => from(port, 'ansible_port', 'ansible_ssh_port'),
  user: (from: Reader) => from(text, 'ansible_user', 'ansible_ssh_user'),
  password: (from: Reader) => from(password, 'ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'),
  keyFile: (from: Reader) => from(text, 'ansible_ssh_private_key_file', 'ansible_private_key_file'),
  keyPassphrase: (from: Reader) =>
    from(password, 'ansible_ssh_private_key_passphrase', 'ansible_private_key_passphrase'),
  timeout: (from: Reader) => from(seconds, 'ansible_ssh_timeout', 'ansible_timeout'),
  keyChecking: (from: Reader) => from(boolean, 'ansible_ssh_host_key_checking', 'ansible_host_key_checking'),
  become: (from: Reader) => from(boolean, 'ansible_become'),
  becomeUser: (from: Reader) => from(account, 'ansible_become_user', 'ansible_sudo_user'),
  becomePassword: (from: Reader) =>
    from(password, 'ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass'),
  becomeExe: (from: Reader) => from(sudoExe, 'ansible_become_exe', 'ansible_sudo_exe'),
  becomeFlags: (from: Reader) => from(sudoFlags, 'ansible_become_flags', 'ansible_sudo_flags'),
  sudoDirectory: (from: Reader) => from(z.never('is not supported: set chdir of the task'), 'ansible_sudo_chdir'),
  becomeMethod: (from: Reader) =>
    from(z.literal('sudo', 'must be sudo: no other become method is supported'), 'ansible_become_method'),
}

type Reader = <S extends z.ZodType>(schema: S, ...variables: string[]) => z.output<S> | undefined

/**
 * Reads a host's connection settings from its variables, with Ansible's names and meanings.
 * @throws {ConnectionConfigError}
 */
export function connectionSettings(name: string, vars: Readonly<Record<string, unknown>>): ConnectionSettings {
  const from: Reader = (schema, ...variables) => {
    const variable = variables.find((candidate) => vars[candidate] !== undefined && vars[candidate] !== null)
    if (variable === undefined) return undefined
    const result = schema.safeParse(vars[variable])
    if (result.success) return result.data
    throw new ConnectionConfigError(`${name}: ${variable} ${result.error.issues[0]?.message ?? 'is invalid'}`)
  }
  read.becomeMethod(from)
  read.sudoDirectory(from)
  const sshArguments = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'].map((variable) =>
    parseSshArguments(from(z.string('must be a string'), variable) ?? '', variable, name),
  )
  const {
    connectTimeoutSeconds,
    hostKeyChecking,
    aliveIntervalSeconds = 15,
    aliveCountMax = 3,
    ...args
  } = Object.assign({}, ...sshArguments) as (typeof sshArguments)[number]
  const keyFile = read.keyFile(from)
  return {
    name,
    connection: read.connection(from) ?? 'ssh',
    address: read.address(from) ?? name,
    port: read.port(from) ?? 22,
    user: read.user(from) ?? userInfo().username,
    ...optional('password', read.password(from)),
    ...optional('keyFile', keyFile === undefined ? undefined : expandHome(keyFile)),
    ...optional('keyPassphrase', read.keyPassphrase(from)),
    ...args,
    hostKeyChecking: hostKeyChecking ?? (read.keyChecking(from) === false ? 'no' : 'yes'),
    connectTimeoutSeconds: connectTimeoutSeconds ?? read.timeout(from) ?? 10,
    keepalive: { intervalSeconds: aliveIntervalSeconds, countMax: aliveCountMax },
    become: {
      always: read.become(from) ?? false,
      user: read.becomeUser(from) ?? 'root',
      ...optional('password', read.becomePassword(from)),
      ...optional('exe', read.becomeExe(from)),
      ...optional('flags', read.becomeFlags(from)),
    },
  }
}

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }
