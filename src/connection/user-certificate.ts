import { existsSync, readFileSync } from 'node:fs'
import ssh2, { type Client, type IdentityCallback, type ParsedKey, type SignCallback } from 'ssh2'
import { field } from './private-key.ts'
import { WireReader } from './wire-reader.ts'

/*
 * ssh2 has no user certificates: it writes one algorithm name into a login request, where a certificate needs two, that
 * of the certificate and that of the signature. Here the request is written for it.
 */

/** A certificate of a user's key. */
export interface UserCertificate {
  /** Its file, or the comment of the agent's key. */
  readonly name: string
  /** `ssh-ed25519-cert-v01@openssh.com` */
  readonly type: string
  /** In wire format. */
  readonly wire: Buffer
  /** The key that it is for, in wire format. */
  readonly publicKey: Buffer
}

/** Signs a login request. */
export type Signer = (data: Buffer, hash: string | undefined) => Promise<Buffer>

const SUFFIX = '-cert-v01@openssh.com'

/** The fields of the key in a certificate, after type and nonce (PROTOCOL.certkeys of OpenSSH). */
const KEY_FIELDS = new Map([
  ['ssh-ed25519', 1],
  ['ssh-rsa', 2],
  ['ecdsa-sha2-nistp256', 2],
  ['ecdsa-sha2-nistp384', 2],
  ['ecdsa-sha2-nistp521', 2],
])

/** Reads a certificate in wire format; undefined if it is none of a supported type. */
export function parseCertificate(wire: Buffer, name: string): UserCertificate | undefined {
  try {
    const read = new WireReader(wire)
    const type = read.string().toString('latin1')
    const keyType = type.replace(SUFFIX, '')
    const count = type.endsWith(SUFFIX) ? KEY_FIELDS.get(keyType) : undefined
    if (count === undefined) return undefined
    read.string() // nonce
    const fields = Array.from({ length: count }, () => field(read.string()))
    return { name, type, wire, publicKey: Buffer.concat([field(keyType), ...fields]) }
  } catch {
    return undefined
  }
}

/** Reads a file like `id_ed25519-cert.pub`; undefined if it does not exist or has no certificate. */
export function readCertificate(file: string): UserCertificate | undefined {
  if (!existsSync(file)) return undefined
  const base64 = /^\S+-cert-v01@openssh\.com\s+(AAAA\S+)/.exec(readFileSync(file, 'latin1'))?.[1]
  return base64 === undefined ? undefined : parseCertificate(Buffer.from(base64, 'base64'), file)
}

/** The certificate of each key that ssh2 is given. */
const presented = new WeakMap<object, UserCertificate>()

/** Presents one certificate to ssh2, as an agent with one key. */
export class CertificateAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #key: ParsedKey
  readonly #sign: Signer
  readonly #hash: string | undefined

  constructor(certificate: UserCertificate, sign: Signer) {
    super()
    const parsed = ssh2.utils.parseKey(certificate.publicKey)
    const base = (Array.isArray(parsed) ? parsed[0] : parsed) as ParsedKey
    this.#key = Object.create(base, {
      type: { value: certificate.type },
      getPublicSSH: { value: () => certificate.wire },
    }) as ParsedKey
    this.#sign = sign
    this.#hash = certificate.type.startsWith('ssh-rsa') ? 'sha512' : undefined
    presented.set(this.#key, certificate)
  }

  override getIdentities(answer: IdentityCallback<ParsedKey>): void {
    answer(undefined, [this.#key])
  }

  override sign(_key: unknown, data: Buffer, optionsOrAnswer: unknown, answer?: SignCallback): void {
    const done = (answer ?? optionsOrAnswer) as SignCallback
    this.#sign(data, this.#hash).then(
      (signature) => done(undefined, signature),
      (error: unknown) => done(error as Error),
    )
  }
}

/** Signs with a private key; ssh2's signature of an ECDSA key is in DER, which servers do not read. */
export const signerOf =
  (key: ParsedKey): Signer =>
  (data, hash) => {
    const signature: Buffer | Error = key.sign(data, hash)
    if (signature instanceof Error) return Promise.reject(signature)
    return Promise.resolve(key.type.startsWith('ecdsa-') ? fromDer(signature) : signature)
  }

/** The two numbers of a signature. */
function fromDer(signature: Buffer): Buffer {
  const numbers: Buffer[] = []
  let at = signature[1] === 0x81 ? 3 : 2
  while (numbers.length < 2) {
    const length = signature[at + 1] ?? 0
    numbers.push(field(signature.subarray(at + 2, at + 2 + length)))
    at += 2 + length
  }
  return Buffer.concat(numbers)
}

const USERAUTH_REQUEST = 50

/** What ssh2 1.17 has for its own use. */
interface Protocol {
  authPK(username: string, key: object, algorithm?: string, sign?: SignRequest): void
  readonly _kex: { readonly sessionID: Buffer }
  readonly _authsQueue: string[]
  readonly _cipher: { encrypt(packet: Buffer): void }
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(length: number): Buffer; finalize(packet: Buffer): Buffer }
  }
}

type SignRequest = (data: Buffer, send: (signature: Buffer) => void) => void

/** Lets a connection log in with the keys of {@link CertificateAgent}. Call it before the login. */
export function supportCertificates(client: Client): void {
  const { _protocol: protocol } = client as unknown as { readonly _protocol: Protocol }
  const original = protocol.authPK.bind(protocol)
  protocol.authPK = (username, key, algorithm, sign) => {
    const certificate = presented.get(key)
    if (certificate === undefined) {
      original(username, key, algorithm, sign)
      return
    }
    const keyType = certificate.type.replace(SUFFIX, '')
    const signatureType = keyType === 'ssh-rsa' ? 'rsa-sha2-512' : keyType
    const name = `${signatureType}${SUFFIX}`
    if (sign === undefined) {
      original(username, key, name)
      return
    }
    const request = Buffer.concat([
      Buffer.from([USERAUTH_REQUEST]),
      ...[field(username), field('ssh-connection'), field('publickey')],
      Buffer.from([1]),
      ...[field(name), field(certificate.wire)],
    ])
    sign(Buffer.concat([field(protocol._kex.sessionID), request]), (signature) => {
      const signed = field(Buffer.concat([field(signatureType), field(signature)]))
      const { write } = protocol._packetRW
      const packet = write.alloc(request.length + signed.length)
      packet.set(request, write.allocStart)
      packet.set(signed, write.allocStart + request.length)
      protocol._authsQueue.push('publickey')
      protocol._cipher.encrypt(write.finalize(packet))
    })
  }
}
