import { ConnectionConfigError } from '../config-error.ts'
import type { ActiveOptions } from './evaluate.ts'
import { parseJumpHosts } from './jump-hosts.ts'
import type { ConfigLine } from './lines.ts'
import { matchesPatterns } from './patterns.ts'

/** StrictHostKeyChecking of ssh_config. */
export type HostKeyChecking = 'yes' | 'accept-new' | 'ask' | 'no'

/** A text with `~` and tokens, and the option that has it. */
export interface UnexpandedText {
  readonly text: string
  readonly line: ConfigLine
}

/** How a server is reached through others. */
export type ProxyOption =
  | { readonly kind: 'none' }
  | { readonly kind: 'command'; readonly command: UnexpandedText }
  | { readonly kind: 'jump'; readonly jump: UnexpandedText }

/** The options of ssh_config that Labbook uses, before tokens are expanded. */
export interface SshOptions {
  readonly hostName?: UnexpandedText
  readonly port?: number
  readonly user?: string
  readonly identityFiles?: readonly UnexpandedText[]
  readonly certificateFiles?: readonly UnexpandedText[]
  /** Offers no keys of the agent but the configured ones. */
  readonly identitiesOnly?: boolean
  readonly identityAgent?: UnexpandedText
  readonly pubkeyAuthentication?: boolean
  readonly passwordAuthentication?: boolean
  readonly kbdInteractiveAuthentication?: boolean
  readonly preferredAuthentications?: readonly string[]
  readonly proxy?: ProxyOption
  readonly userKnownHostsFiles?: readonly UnexpandedText[]
  readonly globalKnownHostsFiles?: readonly UnexpandedText[]
  readonly hostKeyChecking?: HostKeyChecking
  readonly hostKeyAlias?: string
  readonly bindAddress?: string
  readonly connectTimeoutSeconds?: number
  /** Seconds without data after which a keepalive is sent; 0: never. */
  readonly aliveIntervalSeconds?: number
  /** Unanswered keepalives after which the connection counts as lost. */
  readonly aliveCountMax?: number
}

/** Reads an option's value; returns text for an invalid value. */
type Reader = (line: ConfigLine, all: readonly ConfigLine[]) => SshOptions | string

const INTEGER = /^\d+$/
const SECONDS_ERROR = 'must be a whole number of seconds'
const FLAGS = new Map([
  ...['yes', 'true'].map((word): [string, boolean] => [word, true]),
  ...['no', 'false'].map((word): [string, boolean] => [word, false]),
])
const STRICT = new Map<string, HostKeyChecking>([
  ...['yes', 'true'].map((word): [string, HostKeyChecking] => [word, 'yes']),
  ...['no', 'false', 'off'].map((word): [string, HostKeyChecking] => [word, 'no']),
  ['ask', 'ask'],
  ['accept-new', 'accept-new'],
])

const READERS: Readonly<Record<string, Reader>> = {
  hostname: one((text, line) => ({ hostName: { text, line } })),
  port: one((text) => {
    const port = INTEGER.test(text) ? Number(text) : 0
    return port >= 1 && port <= 65535 ? { port } : 'must be a port number'
  }),
  user: one((user) => ({ user })),
  identityfile: (_, all) => ({ identityFiles: firstWords(all) }),
  certificatefile: (_, all) => ({ certificateFiles: firstWords(all) }),
  identitiesonly: flag((identitiesOnly) => ({ identitiesOnly })),
  passwordauthentication: flag((passwordAuthentication) => ({ passwordAuthentication })),
  kbdinteractiveauthentication: flag((kbdInteractiveAuthentication) => ({ kbdInteractiveAuthentication })),
  // It has two more values, which are kinds of yes.
  pubkeyauthentication: one((text) => ({ pubkeyAuthentication: FLAGS.get(text.toLowerCase()) ?? true })),
  preferredauthentications: one((text) => ({ preferredAuthentications: text.toLowerCase().split(',') })),
  identityagent: one((text, line) => ({ identityAgent: { text, line } })),
  proxy: (line) => {
    const isJump = line.keyword === 'proxyjump'
    const text = isJump ? line.text.replace(/#.*/s, '').trim() : line.text
    if (text.toLowerCase() === 'none') return { proxy: { kind: 'none' } }
    if (!isJump && text.trim() === '-') return 'must be a command: "-" is not supported'
    if (isJump && parseJumpHosts(text) === undefined) return 'must be [user@]host[:port], several separated by commas'
    return { proxy: isJump ? { kind: 'jump', jump: { text, line } } : { kind: 'command', command: { text, line } } }
  },
  userknownhostsfile: (line) => ({ userKnownHostsFiles: files(line) }),
  globalknownhostsfile: (line) => ({ globalKnownHostsFiles: files(line) }),
  stricthostkeychecking: one((text) => {
    const hostKeyChecking = STRICT.get(text.toLowerCase())
    return hostKeyChecking === undefined ? 'must be yes, accept-new, ask or no' : { hostKeyChecking }
  }),
  hostkeyalias: one((hostKeyAlias) => ({ hostKeyAlias })),
  bindaddress: one((bindAddress) => ({ bindAddress })),
  connecttimeout: one((text) => {
    const seconds = secondsOf(text)
    return seconds === undefined || seconds === 0 ? SECONDS_ERROR : { connectTimeoutSeconds: seconds }
  }),
  serveraliveinterval: one((text) => {
    const seconds = secondsOf(text)
    return seconds === undefined ? SECONDS_ERROR : { aliveIntervalSeconds: seconds }
  }),
  serveralivecountmax: one((text) => (INTEGER.test(text) ? { aliveCountMax: Number(text) } : 'must be a whole number')),
}

/** Options without effect on how Labbook reaches a host: it shares one connection and forwards nothing. */
const IRRELEVANT = new Set(
  (
    'addkeystoagent batchmode canonicaldomains canonicalizefallbacklocal canonicalizemaxdots ' +
    'canonicalizepermittedcnames checkhostip clearallforwardings compression connectionattempts controlmaster ' +
    'controlpath controlpersist enableescapecommandline enablesshkeysign escapechar exitonforwardfailure ' +
    'fingerprinthash forkafterauthentication forwardx11 forwardx11timeout forwardx11trusted gatewayports ' +
    'gssapiauthentication gssapidelegatecredentials gssapikeyexchange gssapirenewalforcesrekey gssapitrustdns ' +
    'hashknownhosts ignoreunknown ipqos localcommand loglevel logverbose nohostauthenticationforlocalhost ' +
    'numberofpasswordprompts obscurekeystroketiming permitlocalcommand permitremoteopen rekeylimit requesttty ' +
    'sendenv sessiontype stdinnull streamlocalbindmask streamlocalbindunlink syslogfacility tcpkeepalive ' +
    'updatehostkeys usekeychain visualhostkey warnweakcrypto xauthlocation localforward remoteforward dynamicforward'
  ).split(' '),
)

/** Irrelevant ones that are accepted in arguments too: Ansible's defaults. */
const IGNORED_ARGUMENTS = new Set([
  'controlmaster',
  'controlpath',
  'controlpersist',
  'batchmode',
  'compression',
  'loglevel',
  'hashknownhosts',
])

/** Values of unsupported options that ask for nothing. */
const HARMLESS = /^(?:no|none|false|any)$/i

/** Options that a security decision depends on. */
const REFUSED = new Map([
  ['revokedhostkeys', 'Labbook does not read lists of revoked keys: add @revoked lines to the known_hosts file'],
  ['canonicalizehostname', 'Labbook does not resolve names to find the options of a host: write the full name'],
])

/** The options of a host, and what Labbook does not support. */
export interface ReadOptions {
  readonly options: SshOptions
  readonly unsupported: readonly ConfigLine[]
}

/** @throws {ConnectionConfigError} a value is invalid, or Labbook must not ignore the option. */
export function readOptions(active: ActiveOptions, isArgument: (line: ConfigLine) => boolean): ReadOptions {
  const options: SshOptions = {}
  const unsupported: ConfigLine[] = []
  const ignored = active.get('ignoreunknown')?.[0]?.words.flatMap((word) => word.toLowerCase().split(',')) ?? []
  for (const [keyword, lines] of active) {
    const [line] = lines
    if (line === undefined) continue
    const reader = Object.hasOwn(READERS, keyword) ? READERS[keyword] : undefined
    if (reader !== undefined) {
      const result = reader(line, lines)
      if (typeof result === 'string') throw invalidOption(line, result, isArgument(line))
      Object.assign(options, result)
    } else if (isArgument(line) && keyword === 'forwardagent') {
      if (!HARMLESS.test(line.text.trim())) unsupported.push(line)
    } else if (isArgument(line)) {
      if (!IGNORED_ARGUMENTS.has(keyword)) {
        throw invalidOption(line, `is not supported; supported are ${SUPPORTED}`, true)
      }
    } else if (!IRRELEVANT.has(keyword) && !HARMLESS.test(line.text.trim()) && !matchesPatterns(keyword, ignored)) {
      const reason = REFUSED.get(keyword)
      if (reason !== undefined) throw invalidOption(line, `is not supported: ${reason}`, false)
      unsupported.push(line)
    }
  }
  return { options, unsupported }
}

const invalidOption = ({ at, name }: ConfigLine, problem: string, isArgument: boolean): ConnectionConfigError =>
  new ConnectionConfigError(isArgument ? `${at}: option "${name}" ${problem}` : `${at}: ${name} ${problem}`)

const SUPPORTED =
  'HostName, Port, User, IdentityFile, CertificateFile, IdentitiesOnly, IdentityAgent, ProxyJump, ProxyCommand, ' +
  'PubkeyAuthentication, PasswordAuthentication, KbdInteractiveAuthentication, PreferredAuthentications, ' +
  'UserKnownHostsFile, GlobalKnownHostsFile, StrictHostKeyChecking, HostKeyAlias, BindAddress, ConnectTimeout, ' +
  'ServerAliveInterval and ServerAliveCountMax'

/** A reader of an option with exactly one value. */
function one(read: (text: string, line: ConfigLine) => SshOptions | string): Reader {
  return (line) => {
    const [text, ...more] = line.words
    if (text === undefined || text === '') return 'has no value'
    return more.length > 0 ? `has more than one value: ${line.text}` : read(text, line)
  }
}

/** A reader of an option that is yes or no. */
function flag(read: (value: boolean) => SshOptions): Reader {
  return one((text) => {
    const value = FLAGS.get(text.toLowerCase())
    return value === undefined ? 'must be yes or no' : read(value)
  })
}

const isNone = ({ words }: ConfigLine): boolean => words[0]?.toLowerCase() === 'none'

const firstWords = (lines: readonly ConfigLine[]): UnexpandedText[] =>
  lines.filter((line) => !isNone(line)).map((line) => ({ text: line.words[0] ?? '', line }))

const files = (line: ConfigLine): UnexpandedText[] => (isNone(line) ? [] : line.words.map((text) => ({ text, line })))

/** `90`, `1m30s`. */
function secondsOf(text: string): number | undefined {
  if (!/^(?:\d+[smhdw]?)+$/i.test(text)) return undefined
  const units = new Map([
    ['', 1],
    ['s', 1],
    ['m', 60],
    ['h', 3600],
    ['d', 86400],
    ['w', 604800],
  ])
  return [...text.matchAll(/(\d+)([smhdw]?)/gi)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units.get(unit.toLowerCase()) ?? 1),
    0,
  )
}
