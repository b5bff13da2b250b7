import { localUser } from './local-user.ts'
import { isIPv6 } from '../values/ipv6.ts'
import type { Secret } from '../values/secret.ts'
import { ConnectionConfigError } from './config-error.ts'
import type { ConnectionDefaults } from './run-defaults.ts'
import { evaluateConfig } from './ssh-config/evaluate.ts'
import { configFiles } from './ssh-config/files.ts'
import { parseJumpHosts } from './ssh-config/jump-hosts.ts'
import type { ConfigLine } from './ssh-config/lines.ts'
import {
  AUTH_METHODS,
  type AuthMethod,
  type ConnectionSettings,
  KEY_VARIABLE,
  type KeyFile,
  type Proxy,
} from './settings.ts'
import { type ProxyOption, readOptions, type SshOptions, type UnexpandedText } from './ssh-config/options.ts'
import { expandPath, expandTokens, fileTokens, proxyTokens, type TokenHost } from './ssh-config/tokens.ts'

/** A host, as ssh would be called for it. */
interface SshCall {
  /** What errors call it. */
  readonly name: string
  /** The host's address or alias. */
  readonly host: string
  /** Options before those of ssh_config. */
  readonly lines: readonly ConfigLine[]
  /** The file of `-F`. */
  readonly configFile: string | undefined
  readonly keyPassphrase?: Secret | undefined
  /** The hosts that are reached over this one. */
  readonly behind?: readonly string[]
}

type SshSettings = Omit<ConnectionSettings, 'name' | 'connection' | 'password' | 'become'>

/**
 * The settings that `ssh` would use.
 *
 * @throws {ConnectionConfigError}
 */
export function resolveSshSettings(call: SshCall, defaults: ConnectionDefaults): SshSettings {
  const isArgument = (line: ConfigLine): boolean => call.lines.includes(line)
  const active = named(call.name, () => evaluateConfig(call.host, call.lines, configFiles(call.configFile)))
  const { options, unsupported } = named(call.name, () => readOptions(active, isArgument))
  return named(call.name, () => settingsOf(call, options, unsupported, defaults))
}

function settingsOf(
  call: SshCall,
  options: SshOptions,
  unsupported: readonly ConfigLine[],
  defaults: ConnectionDefaults,
): SshSettings {
  const { port = 22, user = localUser().username, aliveIntervalSeconds = 15, aliveCountMax = 3 } = options
  const { hostName } = options
  const called = hostName === undefined ? call.host : expandTokens(hostName.text, { h: call.host }, hostName.line)
  // The zone of an IPv6 address keeps its case.
  const address = isIPv6(called) ? called : called.toLowerCase()
  const host: TokenHost = { original: call.host, address, port, user, keyAlias: options.hostKeyAlias }
  const paths = (files: readonly UnexpandedText[]): string[] => files.map((file) => pathOf(file, host))
  const set = <K extends keyof SshOptions, V>(
    key: K,
    convert: (value: NonNullable<SshOptions[K]>) => V | undefined,
  ) => {
    const value = options[key]
    return value === undefined ? undefined : convert(value)
  }
  const keyFiles = set('identityFiles', (files) => files.map((file) => keyFileOf(file, host, call, defaults)))
  const proxy = set('proxy', (value) => proxyOf(value, host, call, defaults))
  const ignored = [
    ...unsupported.map(({ name, at }) => `${name} (${at.replace(`${call.name}: `, '')})`),
    ...(proxy !== undefined && 'jump' in proxy ? (proxy.jump.unsupported ?? []) : []),
  ]
  return withoutUndefined({
    address,
    port,
    user,
    keyFiles,
    certificateFiles: set('certificateFiles', paths),
    passphrases:
      keyFiles === undefined && defaults.passphrases.size > 0 ? Object.fromEntries(defaults.passphrases) : undefined,
    identitiesOnly: options.identitiesOnly,
    authMethods: authMethodsOf(options),
    agent: set('identityAgent', (value) => agentOf(value, host)),
    userKnownHostsFiles: set('userKnownHostsFiles', paths),
    globalKnownHostsFiles: set('globalKnownHostsFiles', paths),
    hostKeyAlias: options.hostKeyAlias,
    hostKeyChecking: checkingOf(options, defaults),
    bindAddress: proxy === undefined ? options.bindAddress : undefined,
    proxy,
    connectTimeoutSeconds: options.connectTimeoutSeconds ?? 10,
    keepalive: { intervalSeconds: aliveIntervalSeconds, countMax: aliveCountMax },
    unsupported: ignored.length > 0 ? ignored : undefined,
  })
}

function proxyOf(option: ProxyOption, host: TokenHost, call: SshCall, defaults: ConnectionDefaults): Proxy | undefined {
  if (option.kind === 'none') return undefined
  if (option.kind === 'command') return { command: commandOf(option.command, host) }
  return { jump: jumpSettings(option.jump, host, call, defaults) }
}

/** The methods that ssh_config allows; undefined for all. */
function authMethodsOf(options: SshOptions): AuthMethod[] | undefined {
  const denied = new Set([
    ...(options.pubkeyAuthentication === false ? ['publickey'] : []),
    ...(options.passwordAuthentication === false ? ['password'] : []),
    ...(options.kbdInteractiveAuthentication === false ? ['keyboard-interactive'] : []),
  ])
  const allowed = AUTH_METHODS.filter(
    (method) => !denied.has(method) && (options.preferredAuthentications?.includes(method) ?? true),
  )
  return allowed.length === AUTH_METHODS.length ? undefined : allowed
}

/** `--accept-new` is for hosts that ssh would ask about. */
const checkingOf = (
  { hostKeyChecking = 'ask' }: SshOptions,
  { acceptNewHostKeys }: ConnectionDefaults,
): ConnectionSettings['hostKeyChecking'] =>
  hostKeyChecking === 'ask' && acceptNewHostKeys ? 'accept-new' : hostKeyChecking

function keyFileOf(file: UnexpandedText, host: TokenHost, call: SshCall, { passphrases }: ConnectionDefaults): KeyFile {
  const path = pathOf(file, host)
  const isOfVariable = file.line.at === `${call.name}: ${KEY_VARIABLE}`
  const passphrase = (isOfVariable ? call.keyPassphrase : undefined) ?? passphrases.get(path)
  return {
    path,
    ...(passphrase === undefined ? {} : { passphrase }),
    setBy: isOfVariable ? KEY_VARIABLE : `${file.line.name} (${file.line.at})`,
  }
}

const pathOf = ({ text, line }: UnexpandedText, host: TokenHost): string => expandPath(text, fileTokens(host), line)

/** The agent's socket; null for none, undefined for that of the environment. */
function agentOf({ text, line }: UnexpandedText, host: TokenHost): string | null | undefined {
  if (text.toLowerCase() === 'none') return null
  if (text === 'SSH_AUTH_SOCK') return undefined
  const variable = /^\$(\w+)$/.exec(text)?.[1]
  return variable === undefined ? expandPath(text, fileTokens(host), line) : (process.env[variable] ?? null)
}

/** Characters that a shell would interpret: ssh refuses them in names for the same reason. */
const UNSAFE = /^-|[\s'"`$\\;&<>|(){}\u0000-\u001f]/

function commandOf({ text, line }: UnexpandedText, host: TokenHost): string {
  for (const name of [host.address, host.original, host.user, host.keyAlias ?? '']) {
    if (!UNSAFE.test(name) || !/%[hnrk]/.test(text)) continue
    throw new ConnectionConfigError(
      `${line.at}: ${JSON.stringify(name)} cannot be passed to the shell of ProxyCommand: correct the name`,
    )
  }
  return expandTokens(text, proxyTokens(host), line)
}

const MOST_JUMPS = 8

/** The last host of `ProxyJump`, reached over those before, as `ssh -W` would be called for it. */
function jumpSettings(
  { text, line }: UnexpandedText,
  host: TokenHost,
  call: SshCall,
  defaults: ConnectionDefaults,
): ConnectionSettings {
  const expanded = expandTokens(text, proxyTokens(host), line)
  const jumps = parseJumpHosts(expanded)
  const last = jumps?.at(-1)
  if (jumps === undefined || last === undefined) {
    throw new ConnectionConfigError(`${line.at}: ${line.name} has an invalid host: ${expanded}`)
  }
  const behind = [...(call.behind ?? []), `${host.address}:${host.port}`]
  const { port = '22', user = host.user } = last
  const isSame = last.host === host.address && port === String(host.port) && user === host.user
  if (behind.length > MOST_JUMPS || isSame) {
    throw new ConnectionConfigError(`${line.at}: ${line.name} loops: ${[...behind, last.host].join(' <- ')}`)
  }
  const before = expanded.split(',').slice(0, -1).join(',')
  const option = (name: string, value: string | undefined): ConfigLine[] =>
    value === undefined || value === ''
      ? []
      : [{ keyword: name.toLowerCase(), name, words: [value], text: value, at: line.at }]
  const name = `${call.name.replace(/: jump host .*/, '')}: jump host ${last.host}`
  const settings = resolveSshSettings(
    {
      name,
      host: last.host,
      lines: [...option('User', last.user), ...option('Port', last.port), ...option('ProxyJump', before)],
      configFile: call.configFile,
      behind,
    },
    defaults,
  )
  return { name, connection: 'ssh', ...settings, become: { always: false, user: 'root' } }
}

/** Adds the host's name to errors of files, which are the same for all hosts. */
function named<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof ConnectionConfigError) || error.message.startsWith(name)) throw error
    throw new ConnectionConfigError(`${name}: ${error.message}`, { cause: error })
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

const withoutUndefined = <T extends Record<string, unknown>>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
