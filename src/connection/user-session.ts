import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Transport } from './transport.ts'
import {
  type Become,
  type ExecResult,
  type ExecOptions,
  type OutputStream,
  TimeLimit,
  Unreachable,
} from './connection.ts'
import { hangUpScript, cleanupTimeLimit, cleanupScript } from './interrupted-scripts.ts'
import { DelimitedStream } from './delimited-stream.ts'
import {
  wrapScript,
  inputReadyMarker,
  promptPattern,
  sessionCommand,
  sessionPreamble,
  type SudoCommand,
} from './session-program.ts'
import {
  readBothUntil,
  explainShellEnd,
  explainShellTimeout,
  type ShellOwner,
  type RemoteShell,
  explainRefusedPassword,
} from './remote-shell.ts'
import { Timer } from './timer.ts'

/** The host itself kills a script at most 10 s after its time limit; this long after the limit Labbook gives up. */
const GRACE_SECONDS = 15

/** A busy host takes seconds to start a second shell, above all with sudo. */
const HANG_UP_SECONDS = 10

/** A delimiter that output cannot contain by chance or malice: the host does not see it before it is printed. */
const randomToken = (): string => `lb${randomBytes(16).toString('hex')}`

/** A long-lived shell on a host as one user: opened by the first `exec`, reopened after it was lost. */
export class UserSession {
  readonly #transport: Transport
  readonly #become: Become | undefined
  readonly #sudo: SudoCommand | undefined
  readonly #owner: ShellOwner
  #shell: RemoteShell | undefined
  #runningGroup = 0
  /** Settles when `#runningGroup` is that of the script that was sent last. */
  #groupKnown: Promise<unknown> = Promise.resolve()
  /** Scripts without a reported end. They may still run on the host. */
  #interrupted: Interrupted[] = []

  constructor(transport: Transport, become?: Become, sudo?: SudoCommand) {
    this.#transport = transport
    this.#become = become
    this.#sudo = sudo
    this.#owner = { transport, become, sudo }
  }

  /** Runs one script at a time: the caller queues them. Errors as {@link Connection.exec}. */
  async exec(script: string, { timeLimitSeconds, onOutput }: Omit<ExecOptions, 'become'>): Promise<ExecResult> {
    const mark = randomToken()
    const collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const handleChunk = onOutput ?? ((stream, chunk) => void collected[stream].push(chunk))
    const output = (): [Buffer, Buffer] => [Buffer.concat(collected.stdout), Buffer.concat(collected.stderr)]
    const text = wrapScript(script, mark, timeLimitSeconds)
    const shell = this.#shell ?? (await this.#open())
    const starting = new Timer()
    starting.start(this.#transport.startTimeoutSeconds)
    const stalled = starting.elapsed.then(() => this.#stalled(shell))
    const timer = new Timer()
    const interrupted = { token: shell.token, until: performance.now() + timeLimitSeconds * 1000, timeLimitSeconds }
    try {
      await Promise.race([shell.passwordPrompted, shell.failed, stalled])
      shell.channel.stdin.write(shell.preamble + text)
      shell.preamble = ''
      const result = this.#readResult(shell, mark, handleChunk, () => {
        starting.clear()
        interrupted.until = performance.now() + timeLimitSeconds * 1000
        timer.start(timeLimitSeconds + GRACE_SECONDS)
      })
      const ended = await Promise.race([result, shell.failed, stalled, timer.elapsed])
      if (ended === undefined) {
        await this.#giveUp(interrupted, timeLimitSeconds)
        shell.stdout.end()
        shell.stderr.end()
      }
      const [exitCode, late] = ended ?? ['', 'late']
      if (late === 'late') throw this.#timeLimit(timeLimitSeconds, ...output())
      const [stdout, stderr] = output()
      return { stdout, stderr, exitCode: Number(exitCode) }
    } catch (error) {
      if (error instanceof Unreachable && error.began) this.#interrupted.push(interrupted)
      throw error
    } finally {
      timer.clear()
      starting.clear()
      this.#runningGroup = 0
      this.#groupKnown = Promise.resolve()
    }
  }

  /**
   * Ends interrupted scripts that still run, after the rest of their time limits. Errors as {@link Connection.exec}.
   */
  async endInterrupted(): Promise<void> {
    for (const script of [...this.#interrupted]) {
      const leftSeconds = Math.max(0, (script.until - performance.now()) / 1000)
      // If the connection is lost now, the list of interrupted scripts stays the same.
      const before = [...this.#interrupted]
      const cleanup = cleanupScript(script.token, leftSeconds, script.timeLimitSeconds)
      const { stdout, exitCode } = await this.exec(cleanup, { timeLimitSeconds: cleanupTimeLimit(leftSeconds) }).catch(
        (error: unknown) => {
          this.#interrupted = before
          throw error instanceof Unreachable ? new Unreachable(error.message, { lost: error.lost }) : error
        },
      )
      if (exitCode !== 0) {
        const process = stdout.toString().trim()
        throw new Unreachable(
          `${this.#transport.name}: a script from before the connection was lost is still running and cannot ` +
            `be killed (process ${process}): kill it there, or reboot the host`,
        )
      }
      this.#interrupted = this.#interrupted.filter((other) => other !== script)
    }
  }

  /** Sends SIGHUP to the running script from a second shell. Gives up after 10 s. Never throws. */
  async hangUp(): Promise<void> {
    const deadline = performance.now() + HANG_UP_SECONDS * 1000
    // A script that was sent may run already, although its process group is not known yet.
    await before(deadline, this.#groupKnown)
    if (this.#runningGroup > 1) await this.#hangUpFromNewShell(deadline)
  }

  /**
   * Starts a second shell and sends SIGHUP to the running script.
   *
   * @param deadline - as `performance.now()`.
   * @returns whether the shell could be started.
   */
  async #hangUpFromNewShell(deadline: number): Promise<boolean> {
    const text = this.#runningGroup > 1 ? hangUpScript(this.#runningGroup) : ':'
    const outcome = await this.#execOn(this.#transport, text, deadline)
    if (outcome !== 'refused') return outcome === 'done'
    // sshd may refuse another session on this connection (MaxSessions).
    const sibling = this.#transport.clone()
    const retried = await this.#execOn(sibling, text, deadline)
    await sibling.close()
    return retried === 'done'
  }

  async #execOn(transport: Transport, text: string, deadline: number): Promise<'done' | 'refused' | 'silent'> {
    const other = new UserSession(transport, this.#become, this.#sudo)
    const exec = other.exec(text, { timeLimitSeconds: HANG_UP_SECONDS }).then(
      () => 'done' as const,
      () => 'refused' as const,
    )
    const outcome = await before(deadline, exec)
    other.close()
    return outcome ?? 'silent'
  }

  close(): void {
    this.#shell?.channel.destroy()
    this.#shell = undefined
  }

  async #open(): Promise<RemoteShell> {
    const token = randomToken()
    const ready = randomToken()
    const channel = await this.#transport.exec(sessionCommand(token, this.#become, this.#sudo))
    const prompt = promptPattern(token)
    let refused: () => void = () => undefined
    const passwordRefused = new Promise<void>((resolve) => (refused = resolve))
    const password = this.#become?.password?.reveal()
    let invite: () => void = () => undefined
    const invited = new Promise<void>((resolve) => (invite = resolve))
    if (password === undefined) invite()
    const shell: RemoteShell = {
      channel,
      token,
      passwordPrompted: invited,
      preamble: sessionPreamble(token, ready, password),
      readyDelimiter: ready,
      stdout: new DelimitedStream(channel.stdout),
      stderr: new DelimitedStream(channel.stderr, (recent) => {
        if (shell.readyDelimiter === '') return
        const printed = recent().toString('latin1')
        const [asked, again] = printed.matchAll(prompt)
        if (asked !== undefined || printed.includes(inputReadyMarker(token))) invite()
        if (again !== undefined) refused()
      }),
      failed: Promise.race([
        // One event loop iteration later, so that output in the same packet is handled first.
        channel.closed
          .then((ending) => setImmediate(ending))
          .then((ending) => explainShellEnd(this.#owner, shell, ending)),
        passwordRefused.then(() => explainRefusedPassword(this.#owner, shell)),
      ]).then((error) => {
        if (this.#shell === shell) this.#shell = undefined
        channel.destroy()
        throw error
      }),
    }
    // A shell may be lost while it is idle; the next script then opens another.
    shell.failed.catch(() => undefined)
    this.#shell = shell
    return shell
  }

  /**
   * Requests all delimiters ahead, because one stream may run far ahead of the other and must not be blocked.
   *
   * @returns the fields of the end delimiter: the exit code, and `late` after a timeout.
   */
  async #readResult(
    shell: RemoteShell,
    mark: string,
    handleChunk: (stream: OutputStream, chunk: Buffer) => void,
    onReady: () => void,
  ): Promise<readonly string[]> {
    const ready = shell.readyDelimiter === '' ? undefined : readBothUntil(shell, shell.readyDelimiter)
    // Output before the first delimiter comes from background processes of earlier scripts.
    const began = readBothUntil(shell, mark)
    const ended = readBothUntil(shell, mark, handleChunk)
    const started = async (): Promise<void> => {
      if (ready !== undefined) {
        await ready
        shell.readyDelimiter = ''
      }
      onReady()
      this.#runningGroup = Number((await began)[0])
    }
    const groupKnown = started()
    this.#groupKnown = Promise.race([groupKnown, shell.failed]).catch(() => undefined)
    await groupKnown
    return ended
  }

  /** For a host that did not kill the script itself. */
  async #giveUp(interrupted: Interrupted, timeLimitSeconds: number): Promise<void> {
    const done = await this.#hangUpFromNewShell(performance.now() + HANG_UP_SECONDS * 1000)
    this.close()
    if (done) {
      this.#interrupted.push(interrupted)
      return
    }
    this.#transport.disconnect()
    throw new Unreachable(
      `${this.#transport.name}: the host does not respond: no result within ${GRACE_SECONDS} s after the script's time limit of ` +
        `${timeLimitSeconds} s, and a second shell did not start; how far the script got is unknown`,
      { lost: true, began: true },
    )
  }

  #timeLimit(seconds: number, stdout: Buffer, stderr: Buffer): TimeLimit {
    return new TimeLimit(
      `${this.#transport.name}: the script did not end within ${seconds} s and was killed`,
      stdout,
      stderr,
    )
  }

  #stalled(shell: RemoteShell): never {
    const error = explainShellTimeout(this.#owner, shell, this.#transport.startTimeoutSeconds)
    this.close()
    // The script is already in its stdin and would run if the process continued.
    if (shell.preamble === '') this.#interrupted.push({ token: shell.token, until: 0, timeLimitSeconds: 0 })
    throw error
  }
}

/** What a promise resolves to; undefined after the deadline, as `performance.now()`. */
async function before<T>(deadline: number, promise: Promise<T>): Promise<T | undefined> {
  const timer = new Timer()
  timer.start(Math.max(0, deadline - performance.now()) / 1000)
  const result = await Promise.race([promise, timer.elapsed])
  timer.clear()
  return result
}

/** A script without a reported end. */
interface Interrupted {
  /** The token of the session it ran in. */
  readonly token: string
  /** The end of its time limit, by `performance.now()`. */
  until: number
  readonly timeLimitSeconds: number
}
