import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ServerHostKeyAlgorithm } from 'ssh2'
import {
  type HostKey,
  judgeHostKey,
  knownHostName,
  knownKeyTypes,
  type KnownHost,
  parseKnownHosts,
} from './known-hosts.ts'
import { expandHome } from './ssh-arguments.ts'
import type { Target } from './target.ts'

const USER_FILES = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'].map(expandHome)
const GLOBAL_FILES = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']

/** Checks one host's key. */
export class HostKeyCheck {
  readonly #target: Target
  readonly #files: readonly string[]
  readonly #known: readonly KnownHost[]
  /** Why the key was refused; undefined while it was not. */
  refusal: string | undefined

  constructor(target: Target) {
    this.#target = target
    this.#files = target.userKnownHostsFiles ?? USER_FILES
    this.#known = [...this.#files, ...GLOBAL_FILES].flatMap((file) => parseKnownHosts(readIfThere(file), file))
  }

  /** The algorithms to ask for, those of keys we know first, so that the server shows one of these. */
  algorithms(): ServerHostKeyAlgorithm[] {
    const { address, port } = this.#target
    const types = new Set([...knownKeyTypes(this.#known, address, port), ...ALGORITHMS.keys()])
    return [...types].flatMap((type) => ALGORITHMS.get(type) ?? [])
  }

  /** Whether to trust the key a server showed, as it came over the wire. */
  accepts(wire: Buffer): boolean {
    const { address, port, hostKeyChecking } = this.#target
    if (hostKeyChecking === 'no') return true
    const shown = { type: wire.toString('latin1', 4, 4 + wire.readUInt32BE(0)), key: wire.toString('base64') }
    const verdict = judgeHostKey(this.#known, address, port, shown)
    if (verdict.is === 'known') return true
    if (verdict.is === 'unknown' && verdict.otherTypes.length === 0 && hostKeyChecking === 'accept-new') {
      return this.#remember(shown)
    }
    this.refusal =
      verdict.is === 'unknown'
        ? this.#unknown(wire, shown, verdict.otherTypes)
        : this.#untrusted(wire, shown, verdict.is, verdict.at)
    return false
  }

  #remember(shown: HostKey): boolean {
    const { name, address, port } = this.#target
    const file = this.#files[0]
    if (file === undefined) return true
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      const before = readIfThere(file)
      const line = `${knownHostName(address, port)} ${shown.type} ${shown.key}\n`
      appendFileSync(file, before === '' || before.endsWith('\n') ? line : `\n${line}`)
      return true
    } catch (error) {
      this.refusal = `${name}: cannot note the new host key in ${file}: ${(error as Error).message}`
      return false
    }
  }

  #unknown(wire: Buffer, { type }: HostKey, otherTypes: readonly string[]): string {
    const { name, address, port } = this.#target
    const scan = `ssh-keyscan${port === 22 ? '' : ` -p ${port}`} -t ${keyscanType(type)} ${address}`
    const why =
      otherTypes.length === 0
        ? `the host key of ${at(this.#target)} is not known`
        : `${at(this.#target)} shows a host key of type ${type}, and only ${otherTypes.join(', ')} is known`
    return (
      `${name}: ${why}. It is ${fingerprint(wire)} (${type}). If that is the machine's own, run: ` +
      `${scan} >> ${this.#files[0] ?? USER_FILES[0]}`
    )
  }

  #untrusted(wire: Buffer, { type }: HostKey, is: 'changed' | 'revoked', where: string): string {
    const { name, address, port } = this.#target
    const what =
      is === 'changed'
        ? `THE HOST KEY OF ${at(this.#target)} HAS CHANGED: it is not the one in ${where}`
        : `THE HOST KEY OF ${at(this.#target)} IS REVOKED in ${where}`
    const mend =
      is === 'changed'
        ? `If the machine was made anew, run: ssh-keygen -R '${knownHostName(address, port)}' -f ${where.replace(/:\d+$/, '')}` +
          ' and take up the new key'
        : 'Give the machine a new host key'
    return `${name}: ${what}. Someone may be posing as it. It shows ${fingerprint(wire)} (${type}). ${mend}`
  }
}

/** The types of keys, best first, and what ssh2 calls their signatures. */
const ALGORITHMS = new Map<string, ServerHostKeyAlgorithm[]>([
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
])

const keyscanType = (type: string): string => type.replace(/^ssh-/, '').replace(/^ecdsa-.*/, 'ecdsa')

const at = ({ address, port }: Target): string => (port === 22 ? address : `${address} port ${port}`)

/** A key's fingerprint as OpenSSH prints it. */
const fingerprint = (wire: Buffer): string =>
  `SHA256:${createHash('sha256').update(wire).digest('base64').replace(/=+$/, '')}`

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Not there or not ours to read: then no host is known from it, as with ssh.
    return ''
  }
}
