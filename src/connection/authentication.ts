import type { AnyAuthMethod, AuthHandlerMiddleware, NextAuthHandler, ParsedKey } from 'ssh2'
import type { ConnectionSettings } from './settings.ts'
import { Unreachable } from './connection.ts'
import type { LoginRecord } from './login-record.ts'
import { agentOf, certificatesOf, keyFilesOf } from './login-keys.ts'
import { readPrivateKey } from './private-key.ts'
import { type AgentKey, AgentTimeout, OneKeyAgent, parsedKey, SshAgent } from './ssh-agent.ts'
import { AUTH_METHODS, type AuthMethod, KEY_VARIABLE, type KeyFile } from './settings.ts'
import { CertificateAgent, parseCertificate, type Signer, signerOf, type UserCertificate } from './user-certificate.ts'

/** An agent that takes longer to list its keys counts as hung. */
const AGENT_LIST_MS = 5000

/** A hidden prompt for something other than a password. */
const CODE_PROMPT = /\b(code|token|otp|one[- ]time|passcode|pin)\b/i

/** An authentication method, and whether the server lists it. */
interface Candidate {
  readonly kind: AuthMethod
  /** What it is, for the error when all fail. */
  readonly label: string
  readonly method: AnyAuthMethod
  readonly ofAgent?: boolean
}

/** Stands for the keys of the agent until it was asked. */
const AGENT = 'agent'

/**
 * One login: offers one authentication method after the other, and only those that the server lists. A server
 * disconnects after a few failures (`MaxAuthTries` 6), and may ban an address that fails often: methods configured for
 * the host come before the defaults, and a password is tried once.
 */
export class Authentication implements LoginRecord {
  readonly offered = new Set<string>()
  readonly accepted = new Set<string>()
  listed: readonly string[] | undefined
  readonly problems: string[] = []
  readonly messages: string[] = []
  unanswered: string | undefined
  agentKeys = 0
  readonly #target: ConnectionSettings
  readonly #agent: SshAgent | undefined
  /** In the order to try. */
  readonly #candidates: (Candidate | typeof AGENT)[] = []
  /** Public keys, in base64, of the key files: those that the agent should offer first. */
  readonly #configured: string[] = []
  readonly #offeredKeys = new Set<string>()
  readonly #certificates: readonly UserCertificate[]
  #last: Candidate | 'none' | undefined
  #onUnanswered: () => void = () => undefined
  #closed = false

  /** @throws {Unreachable} there is no authentication method, or the configured key cannot be used. */
  constructor(target: ConnectionSettings, agentPath = agentOf(target)) {
    this.#target = target
    this.#agent = agentPath === '' ? undefined : new SshAgent(agentPath)
    const { keyFiles, password } = target
    this.#certificates = certificatesOf(target)
    const read = keyFilesOf(target).map((file) => this.#read(file, keyFiles !== undefined))
    const keys = read.flat()
    if (keyFiles !== undefined) {
      // If a file is of no use, the agent may have its key.
      if (read.some((found) => found.length === 0) && this.#agent !== undefined) this.#candidates.push(AGENT)
      this.#candidates.push(...keys)
    }
    if (password !== undefined) this.#candidates.push(...this.#passwordMethods(password.reveal()))
    if (this.#agent !== undefined && !this.#candidates.includes(AGENT)) this.#candidates.push(AGENT)
    if (keyFiles === undefined) this.#candidates.push(...keys)
    const { authMethods = AUTH_METHODS } = target
    const allowed = this.#candidates.filter((one) => authMethods.includes(one === AGENT ? 'publickey' : one.kind))
    if (allowed.length === 0) this.problems.push(`ssh_config allows only ${authMethods.join(', ') || 'other methods'}`)
    this.#candidates.splice(0, Infinity, ...allowed)
    const isUnusable =
      keys.length === 0 && this.#agent === undefined && keyFiles?.some(({ setBy }) => setBy === KEY_VARIABLE)
    if (this.#candidates.length === 0 || isUnusable === true) throw this.#noMethod()
  }

  get isAgentBusy(): boolean {
    return this.#agent?.isBusy === true
  }

  /**
   * Asks the agent if its keys come first. A login without any method would count as a failed one.
   *
   * @throws {Unreachable} there is no authentication method.
   */
  async prepare(): Promise<void> {
    if (this.#candidates[0] !== AGENT) return
    await this.#expandAgent()
    if (this.#candidates.length === 0) throw this.#noMethod()
  }

  /**
   * The methods for one connection.
   *
   * @param onUnanswered - called if the server asks for something that no setting answers.
   */
  handler(onUnanswered: () => void): AuthHandlerMiddleware {
    this.#onUnanswered = onUnanswered
    return (listed: readonly string[] | null, partial, next) => {
      this.#readAnswer(listed ?? undefined, partial)
      void this.#next().then((method) => {
        // ssh2 takes false for "no other method".
        if (!this.#closed) next((method ?? false) as Parameters<NextAuthHandler>[0])
      })
    }
  }

  /** Ends requests to the agent. */
  close(): void {
    this.#closed = true
    this.#agent?.close()
  }

  /** Reads the answer to the last method. */
  #readAnswer(listed: readonly string[] | undefined, partial: boolean): void {
    const last = this.#last
    if (last === undefined) return
    // ssh2 passes on no answers to keys of an agent, but the last ones before.
    this.listed = last !== 'none' && last.ofAgent === true ? undefined : listed
    if (last === 'none' || last.ofAgent === true) return
    if (partial) {
      this.accepted.add(last.label)
    } else if (this.listed?.includes(last.kind) === false) {
      // It was not considered: the server may list it later.
      this.offered.delete(last.label)
      this.#candidates.unshift(last)
    } else if (last.kind === 'password') {
      // The same password, asked for interactively, would be a second failure.
      this.#drop('keyboard-interactive')
    }
  }

  async #next(): Promise<AnyAuthMethod | undefined> {
    const isListed = (kind: string): boolean => this.listed?.includes(kind) ?? true
    const at = this.#candidates.findIndex((one) => isListed(one === AGENT ? 'publickey' : one.kind))
    const candidate = this.#candidates[at]
    if (candidate === undefined) return undefined
    if (candidate === AGENT) {
      await this.#expandAgent()
      return this.#next()
    }
    if (this.#last === undefined && candidate.kind !== 'publickey') {
      // Asks for the list first: a password sent to a server that does not take it would count as a failure.
      this.#last = 'none'
      return { type: 'none', username: this.#target.user }
    }
    this.#candidates.splice(at, 1)
    this.#last = candidate
    this.offered.add(candidate.label)
    return candidate.method
  }

  #drop(kind: string): void {
    const at = this.#candidates.findIndex((one) => one !== AGENT && one.kind === kind)
    if (at >= 0) this.#candidates.splice(at, 1)
  }

  #read({ path: file, passphrase, setBy }: KeyFile, isConfigured: boolean): Candidate[] {
    const read = readPrivateKey(file, passphrase?.reveal(), setBy)
    if (!('key' in read)) {
      if (isConfigured) this.problems.push(read.problem)
      if (read.publicKey !== undefined) this.#configured.push(read.publicKey.toString('base64'))
      return []
    }
    this.#configured.push(read.key.getPublicSSH().toString('base64'))
    const wire = read.key.getPublicSSH()
    this.#offeredKeys.add(wire.toString('base64'))
    const username = this.#target.user
    return [
      ...this.#certificatesFor(wire).map((each) => this.#certificateCandidate(each, signerOf(read.key))),
      { kind: 'publickey', label: `the key ${file}`, method: { type: 'publickey', username, key: read.key } },
    ]
  }

  /** Puts the keys of the agent in the place of {@link AGENT}: the configured ones there, the others last. */
  async #expandAgent(): Promise<void> {
    const at = this.#candidates.indexOf(AGENT)
    this.#candidates.splice(at, 1)
    const agent = this.#agent as SshAgent
    const limitMs = Math.min(AGENT_LIST_MS, this.#target.connectTimeoutSeconds * 500)
    let held: AgentKey[]
    try {
      held = await agent.list(limitMs)
    } catch (error) {
      // A path to an agent that has exited is common, and says nothing.
      if (error instanceof AgentTimeout) this.problems.push(hungAgent(agent.path, limitMs / 1000))
      return
    }
    const [configured, others]: [Candidate[], Candidate[]] = [[], []]
    for (const one of held) {
      const id = one.wire.toString('base64')
      if (this.#offeredKeys.has(id)) continue
      const isConfigured = this.#configured.includes(id)
      if (!isConfigured && this.#target.identitiesOnly === true) continue
      const key = parsedKey(one)
      const list = isConfigured ? configured : others
      const certificate = parseCertificate(one.wire, `${one.comment} of the SSH agent`)
      const signer: Signer = (data, hash) => agent.sign(one.wire, data, hash)
      if (certificate !== undefined) list.push(this.#certificateCandidate(certificate, signer))
      else if (key !== undefined) {
        list.push(...this.#certificatesFor(one.wire).map((each) => this.#certificateCandidate(each, signer)))
        list.push(this.#agentCandidate(agent, key))
      } else
        this.problems.push(`the key ${one.comment} in the SSH agent is of type ${one.type}, which is not supported`)
    }
    this.agentKeys = configured.length + others.length
    // Without a configured key the agent's come before the default keys.
    if (configured.length === 0) this.#candidates.splice(at, 0, ...others)
    else {
      this.#candidates.splice(at, 0, ...configured)
      const last = this.#target.keyFiles === undefined ? at + configured.length : this.#candidates.length
      this.#candidates.splice(last, 0, ...others)
    }
  }

  #agentCandidate(agent: SshAgent, key: ParsedKey): Candidate {
    const method: AnyAuthMethod = { type: 'agent', username: this.#target.user, agent: new OneKeyAgent(agent, key) }
    return { kind: 'publickey', label: 'the keys of the SSH agent', method, ofAgent: true }
  }

  #certificatesFor(publicKey: Buffer): UserCertificate[] {
    return this.#certificates.filter((each) => each.publicKey.equals(publicKey))
  }

  #certificateCandidate(certificate: UserCertificate, sign: Signer): Candidate {
    const agent = new CertificateAgent(certificate, sign)
    const method: AnyAuthMethod = { type: 'agent', username: this.#target.user, agent }
    return { kind: 'publickey', label: `the certificate ${certificate.name}`, method, ofAgent: true }
  }

  /** With PAM a server may ask for the password interactively. */
  #passwordMethods(password: string): Candidate[] {
    const username = this.#target.user
    let answered: string | undefined
    return [
      { kind: 'password', label: 'the password', method: { type: 'password', username, password } },
      {
        kind: 'keyboard-interactive',
        label: 'the password',
        method: {
          type: 'keyboard-interactive',
          username,
          prompt: (title, instructions, _language, prompts, answer) => {
            const lines = [title, instructions, ...prompts.map(({ prompt }) => prompt)].join('\n').trim().split('\n')
            const question = lines.pop() ?? ''
            this.messages.push(...lines)
            const [first, ...more] = prompts
            if (first === undefined) {
              answer([])
              return
            }
            const isForPassword = more.length === 0 && first.echo !== true && !CODE_PROMPT.test(question)
            if (answered === undefined && isForPassword) {
              answered = question
              answer([password])
              return
            }
            // The same prompt again means that the password was wrong.
            if (question !== answered) this.unanswered = question.trim()
            this.#onUnanswered()
          },
        },
      },
    ]
  }

  #noMethod(): Unreachable {
    const { name, address, user } = this.#target
    return new Unreachable(
      this.problems.length > 0
        ? `${name}: ${this.problems.join('; ')}`
        : `${name}: no SSH key to log in with: create one with ssh-keygen -t ed25519 and run ` +
            `ssh-copy-id ${user}@${address}, or set ansible_ssh_private_key_file`,
    )
  }
}

/** What an agent that does not answer means, and what to do. */
export const hungAgent = (path: string, seconds: number): string =>
  `the SSH agent at ${path} did not answer within ${seconds} s: restart it, or unset SSH_AUTH_SOCK`
