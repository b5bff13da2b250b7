import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ServerHostKeyAlgorithm } from 'ssh2'
import {
  type HostKey,
  checkHostKey,
  knownHostName,
  knownKeyTypes,
  type KnownHostEntry,
  parseKnownHosts,
} from './known-hosts.ts'
import { Unreachable } from './connection.ts'
import { tooManyFiles } from './private-key.ts'
import { expandHome } from './ssh-arguments.ts'
import type { ConnectionSettings } from './settings.ts'

const USER_FILES = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'].map(expandHome)
const GLOBAL_FILES = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']

/** A host offered a key, and none was known. */
export class UnknownHostKey extends Unreachable {
  /** The host, and the fingerprint of its key. */
  readonly shown: string
  /** The file that the key is added to. */
  readonly file: string
  /** Adds the key to the known ones. */
  readonly accept: () => void

  constructor(message: string, shown: string, file: string, accept: () => void) {
    super(message)
    this.shown = shown
    this.file = file
    this.accept = accept
  }
}

/** Verifies one host's key, as `ssh` does. */
export class HostKeyCheck {
  readonly #target: ConnectionSettings
  readonly #files: readonly string[]
  readonly #known: readonly KnownHostEntry[]
  /** Files that the user may not read: ssh ignores them. */
  readonly #unreadable: string[] = []
  /** Why the key was rejected; undefined if it was not. */
  rejection: string | undefined
  /** The key of a host never seen. */
  #new: HostKey | undefined

  /** @throws {Unreachable} a file of known hosts cannot be read now, so that a known host would look unknown. */
  constructor(target: ConnectionSettings) {
    this.#target = target
    this.#files = target.userKnownHostsFiles ?? USER_FILES
    const files =
      target.hostKeyChecking === 'no' ? [] : [...this.#files, ...(target.globalKnownHostsFiles ?? GLOBAL_FILES)]
    this.#known = files.flatMap((file) => parseKnownHosts(this.#read(file), file))
  }

  /** Algorithms to request, those of known keys first, so that the server offers a key that can be verified. */
  preferredAlgorithms(): ServerHostKeyAlgorithm[] {
    const types = new Set([...knownKeyTypes(this.#known, ...knownAs(this.#target)), ...ALGORITHMS.keys()])
    return [...types].flatMap((type) => ALGORITHMS.get(type) ?? [])
  }

  /** Whether to trust the key that the server offered, in wire format. */
  verify(wire: Buffer): boolean {
    const { hostKeyChecking } = this.#target
    if (hostKeyChecking === 'no') return true
    const offered = { type: wire.toString('latin1', 4, 4 + wire.readUInt32BE(0)), key: wire.toString('base64') }
    const verdict = checkHostKey(this.#known, ...knownAs(this.#target), offered)
    if (verdict.status === 'known') return true
    if (verdict.status === 'unknown' && this.#unreadable.length > 0) {
      const { name } = this.#target
      this.rejection = `${name}: the host key of ${at(this.#target)} is not in the files that can be read, and ${this.#unreadable.join('; ')}`
      return false
    }
    if (verdict.status === 'unknown' && verdict.otherTypes.length === 0 && hostKeyChecking === 'accept-new') {
      return this.#add(offered)
    }
    if (verdict.status === 'unknown' && verdict.otherTypes.length === 0) this.#new = offered
    this.rejection =
      verdict.status === 'unknown'
        ? this.#unknown(wire, offered, verdict.otherTypes)
        : this.#untrusted(wire, offered, verdict.status, verdict.location)
    return false
  }

  /** Whether any key of the host is known. */
  get isKnownHost(): boolean {
    return knownKeyTypes(this.#known, ...knownAs(this.#target)).length > 0
  }

  /** The error of a rejected key. */
  rejected(rejection: string): Unreachable {
    const offered = this.#new
    if (offered === undefined) return new Unreachable(rejection)
    const shown = `${this.#target.name} (${at(this.#target)}): ${fingerprint(Buffer.from(offered.key, 'base64'))} (${offered.type})`
    return new UnknownHostKey(rejection, shown, this.#files[0] ?? '', () => this.#add(offered))
  }

  #read(file: string): string {
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException
      if (ABSENT.has(code)) return ''
      if (FORBIDDEN.has(code)) {
        this.#unreadable.push(`${file} is not readable (${code}): correct its permissions`)
        return ''
      }
      const { name } = this.#target
      const why = code === 'EMFILE' || code === 'ENFILE' ? tooManyFiles(code) : message
      throw new Unreachable(`${name}: cannot read the known host keys in ${file}: ${why}`)
    }
  }

  #add(offered: HostKey): boolean {
    const { name } = this.#target
    const file = this.#files[0]
    if (file === undefined) return true
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      const before = this.#read(file)
      const line = `${knownHostName(...knownAs(this.#target))} ${offered.type} ${offered.key}\n`
      // Connections to the same jump host, at the same time, find the same key.
      if (before.split('\n').includes(line.trimEnd())) return true
      appendFileSync(file, before === '' || before.endsWith('\n') ? line : `\n${line}`)
      return true
    } catch (error) {
      this.rejection = `${name}: cannot add the new host key to ${file}: ${(error as Error).message}`
      return false
    }
  }

  #unknown(wire: Buffer, { type }: HostKey, otherTypes: readonly string[]): string {
    const { name, address, port, proxy, hostKeyAlias } = this.#target
    const scan = `ssh-keyscan${port === 22 ? '' : ` -p ${port}`} -t ${keyscanType(type)} ${address}`
    const remedy =
      proxy === undefined && hostKeyAlias === undefined
        ? `run: ${scan} >> ${this.#files[0] ?? USER_FILES[0]}`
        : 'run with --accept-new, or log in once with ssh'
    const why =
      otherTypes.length === 0
        ? `the host key of ${at(this.#target)} is unknown`
        : `${at(this.#target)} offers a host key of type ${type}, but only ${otherTypes.join(', ')} is known`
    return `${name}: ${why}. Its fingerprint is ${fingerprint(wire)} (${type}). If this is correct, ${remedy}`
  }

  #untrusted(wire: Buffer, { type }: HostKey, is: 'changed' | 'revoked', where: string): string {
    const { name } = this.#target
    const what =
      is === 'changed'
        ? `THE HOST KEY OF ${at(this.#target)} HAS CHANGED: it is not the one in ${where}`
        : `THE HOST KEY OF ${at(this.#target)} IS REVOKED in ${where}`
    const remedy =
      is === 'changed'
        ? `If the host was reinstalled, run: ssh-keygen -R '${knownHostName(...knownAs(this.#target))}' -f ${where.replace(/:\d+$/, '')}` +
          ' and add the new key'
        : 'Generate a new host key on the host'
    return `${name}: ${what}. Someone could be impersonating it. It offers ${fingerprint(wire)} (${type}). ${remedy}`
  }
}

/** Key types in order of preference, and ssh2's names of their signature algorithms. */
const ALGORITHMS = new Map<string, ServerHostKeyAlgorithm[]>([
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
])

const ABSENT = new Set(['ENOENT', 'ENOTDIR'])
const FORBIDDEN = new Set(['EACCES', 'EPERM'])

const keyscanType = (type: string): string => type.replace(/^ssh-/, '').replace(/^ecdsa-.*/, 'ecdsa')

/** The name and port of a host in known_hosts. */
const knownAs = ({ address, port, hostKeyAlias }: ConnectionSettings): [string, number] =>
  hostKeyAlias === undefined ? [address, port] : [hostKeyAlias, 22]

const at = ({ address, port }: ConnectionSettings): string => (port === 22 ? address : `${address} port ${port}`)

/** A key's fingerprint as OpenSSH prints it. */
const fingerprint = (wire: Buffer): string =>
  `SHA256:${createHash('sha256').update(wire).digest('base64').replace(/=+$/, '')}`
