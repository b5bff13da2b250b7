import { connect, type Socket } from 'node:net'
import ssh2, { type IdentityCallback, type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2'
import { field } from './private-key.ts'
import { WireReader } from './wire-reader.ts'

/** A key that an agent holds. */
export interface AgentKey {
  readonly type: string
  /** The public key in wire format. */
  readonly wire: Buffer
  readonly comment: string
}

const [REQUEST_IDENTITIES, IDENTITIES, SIGN_REQUEST, SIGNATURE] = [11, 12, 13, 14]
/** Flags of a signature with an RSA key. */
const RSA_SHA2 = new Map([
  ['sha256', 2],
  ['sha512', 4],
])

/** An agent did not list its keys in time. */
export class AgentTimeout extends Error {}

/** Asks an SSH agent, with time limits: an agent that hangs must not delay a login, nor keep the process alive. */
export class SshAgent {
  readonly path: string
  readonly #requests = new Set<Socket>()
  #closed = false

  constructor(path: string) {
    this.path = path
  }

  /** Whether a request waits for the agent, or for the user whom it asks. */
  get isBusy(): boolean {
    return this.#requests.size > 0
  }

  /** @throws {AgentTimeout}, and any error of the agent. */
  async list(limitMs: number): Promise<AgentKey[]> {
    const answer = await this.#request(REQUEST_IDENTITIES, [], IDENTITIES, limitMs)
    const read = new WireReader(answer)
    const keys: AgentKey[] = []
    for (let left = read.uint32(); left > 0; left--) {
      const wire = read.string()
      const comment = read.string().toString('utf8')
      keys.push({ type: new WireReader(wire).string().toString('latin1'), wire, comment })
    }
    return keys
  }

  /** Signs for as long as the login may take: the agent may ask the user, or wait for a touch of a security key. */
  async sign(wire: Buffer, data: Buffer, hash: string | undefined): Promise<Buffer> {
    const flags = Buffer.alloc(4)
    flags.writeUInt32BE(RSA_SHA2.get(hash ?? '') ?? 0)
    const answer = await this.#request(SIGN_REQUEST, [field(wire), field(data), flags], SIGNATURE)
    const signature = new WireReader(new WireReader(answer).string())
    signature.string() // the algorithm
    return signature.string()
  }

  /** Ends all requests. */
  close(): void {
    this.#closed = true
    for (const socket of this.#requests) socket.destroy()
  }

  #request(type: number, parts: readonly Buffer[], expected: number, limitMs?: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error('the login has ended')
      const socket = connect(this.path)
      this.#requests.add(socket)
      const timer =
        limitMs === undefined ? undefined : setTimeout(() => socket.destroy(new AgentTimeout('no answer')), limitMs)
      let received = Buffer.alloc(0)
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk])
        if (received.length < 5 || received.length < 4 + received.readUInt32BE()) return
        if (received[4] === expected) resolve(received.subarray(5, 4 + received.readUInt32BE()))
        socket.destroy(new Error('the agent refused'))
      })
      socket.on('error', reject)
      socket.on('close', () => {
        clearTimeout(timer)
        this.#requests.delete(socket)
        reject(new Error('the agent closed the connection'))
      })
      socket.write(field(Buffer.concat([Buffer.from([type]), ...parts])))
    })
  }
}

/** One key of an agent, as ssh2 expects it. */
export class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: SshAgent
  readonly #key: ParsedKey

  constructor(agent: SshAgent, key: ParsedKey) {
    super()
    this.#agent = agent
    this.#key = key
  }

  override getIdentities(answer: IdentityCallback<ParsedKey>): void {
    answer(undefined, [this.#key])
  }

  override sign(
    _key: unknown,
    data: Buffer,
    optionsOrAnswer: SigningRequestOptions | SignCallback,
    answer?: SignCallback,
  ): void {
    const [options, done] =
      typeof optionsOrAnswer === 'function' ? [{}, optionsOrAnswer] : [optionsOrAnswer, answer as SignCallback]
    this.#agent.sign(this.#key.getPublicSSH(), data, options.hash).then(
      (signature) => done(undefined, signature),
      (error: unknown) => done(error as Error),
    )
  }
}

/** The key of an agent for ssh2; undefined if ssh2 does not support its type. */
export function parsedKey({ wire }: AgentKey): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(wire)
  return key instanceof Error ? undefined : Array.isArray(key) ? (key[0] as ParsedKey) : key
}
