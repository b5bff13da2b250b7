import * as z from 'zod'
import { Secret, secret } from '../values/secret.ts'
import { ConnectionConfigError } from './config-error.ts'
import { type ConnectionDefaults, connectionDefaults } from './run-defaults.ts'
import { parseSshArguments, type SshArguments } from './ssh-arguments.ts'
import type { ConfigLine } from './ssh-config/lines.ts'
import { type ConnectionSettings, KEY_VARIABLE, TIMEOUT_VARIABLE } from './settings.ts'
import { resolveSshSettings } from './ssh-settings.ts'
import { parseSudoFlags } from './sudo-flags.ts'

/** Names as useradd allows them: they are part of sudo's command line. */
const ACCOUNT = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/

const TRUE = ['true', 'yes', 'on', '1']
const FALSE = ['false', 'no', 'off', '0']

const connectionPlugin = z.enum(['ssh', 'local'], 'must be ssh or local')
const sshArguments = z.string('must be a string')
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
const becomeMethod = z.literal('sudo', 'must be sudo: no other become method is supported')
const unsupportedDirectory = z.never('is not supported: set chdir of the task')
const boolean = z.unknown().transform((value, context) => {
  const text = String(value).toLowerCase()
  if (TRUE.includes(text)) return true
  if (!FALSE.includes(text)) context.addIssue('must be true or false')
  return false
})

/** Each setting's schema and variables; the first variable that is set counts. */
const read = {
  connection: (from: Reader) => from(connectionPlugin, 'ansible_connection'),
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
  sudoDirectory: (from: Reader) => from(unsupportedDirectory, 'ansible_sudo_chdir'),
  becomeMethod: (from: Reader) => from(becomeMethod, 'ansible_become_method'),
}

type Reader = <S extends z.ZodType>(schema: S, ...variables: string[]) => z.output<S> | undefined

/**
 * Reads a host's connection settings, with Ansible's names and meanings: from its variables, then from what the user
 * has chosen for all hosts, then from ssh_config.
 *
 * @throws {ConnectionConfigError}
 */
export function connectionSettings(
  name: string,
  vars: Readonly<Record<string, unknown>>,
  defaults: ConnectionDefaults = connectionDefaults(),
): ConnectionSettings {
  const from: Reader = (schema, ...variables) => {
    const [scope, variable] = firstSet([vars, defaults.variables], variables)
    if (variable === undefined) return undefined
    const result = schema.safeParse(plain(schema, scope[variable]))
    if (result.success) return result.data
    const origin = scope === vars ? undefined : defaults.origins[variable]
    throw new ConnectionConfigError(
      `${name}: ${variable}${origin === undefined ? '' : ` (${origin})`} ${result.error.issues[0]?.message ?? 'is invalid'}`,
    )
  }
  read.becomeMethod(from)
  read.sudoDirectory(from)
  const [ssh, common, extra] = (['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'] as const).map(
    (variable) => parseSshArguments(from(sshArguments, variable) ?? '', variable, name),
  ) as [SshArguments, SshArguments, SshArguments]
  const connection = read.connection(from) ?? 'ssh'
  const password = read.password(from)
  const configFile = ssh.configFile ?? common.configFile ?? extra.configFile
  return {
    name,
    connection,
    ...resolveSshSettings(
      {
        name,
        host: read.address(from) ?? name,
        // The order of the arguments that Ansible passes to ssh, where the first value counts.
        lines: [...ssh.lines, ...variableLines(name, from), ...common.lines, ...extra.lines],
        configFile: connection === 'local' ? 'none' : configFile,
        keyPassphrase: read.keyPassphrase(from),
      },
      defaults,
    ),
    ...optional('password', password),
    become: {
      always: read.become(from) ?? false,
      user: read.becomeUser(from) ?? 'root',
      ...optional('password', read.becomePassword(from)),
      ...optional('exe', read.becomeExe(from)),
      ...optional('flags', read.becomeFlags(from)),
    },
  }
}

type Variables = Readonly<Record<string, unknown>>

/** A user or an address may be a secret of a vault. Only passwords stay secrets. */
const plain = (schema: z.ZodType, value: unknown): unknown =>
  value instanceof Secret && schema !== password ? value.reveal() : value

/** The first variable that is set, in the first scope that has one of them. */
function firstSet(scopes: readonly Variables[], names: readonly string[]): [Variables, string | undefined] {
  for (const scope of scopes) {
    const name = names.find((candidate) => scope[candidate] !== undefined && scope[candidate] !== null)
    if (name !== undefined) return [scope, name]
  }
  return [{}, undefined]
}

/** The variables that Ansible passes to ssh as options. */
function variableLines(host: string, from: Reader): ConfigLine[] {
  const line = (name: string, variable: string, value: string | undefined): ConfigLine[] =>
    value === undefined
      ? []
      : [{ keyword: name.toLowerCase(), name, words: [value], text: value, at: `${host}: ${variable}` }]
  return [
    ...line('StrictHostKeyChecking', 'ansible_host_key_checking', read.keyChecking(from) === false ? 'no' : undefined),
    ...line('Port', 'ansible_port', read.port(from)?.toString()),
    ...line('IdentityFile', KEY_VARIABLE, read.keyFile(from)),
    ...line('User', 'ansible_user', read.user(from)),
    ...line('ConnectTimeout', TIMEOUT_VARIABLE, read.timeout(from)?.toString()),
  ]
}

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }
