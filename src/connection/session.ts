import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { wrongPassword } from './become-failure.ts'
import type { Line } from './channel.ts'
import {
  type Become,
  BecomeFailed,
  type Exchange,
  type ExchangeOptions,
  type StreamName,
  TimeLimit,
  Unreachable,
} from './connection.ts'
import { hangUpText, settleLimit, settleText } from './interrupted.ts'
import { MarkedStream } from './marked-stream.ts'
import { exchangeText, openSign, promptPattern, sessionCommand, sessionOpening } from './program.ts'
import { both, explainEnd, explainStall, type Owner, type Shell, whoOf } from './shell.ts'
import { Timer } from './timer.ts'

/** The target ends a script itself, 10 s after its limit at the latest. This long after the limit we give it up. */
const GRACE_SECONDS = 15

const HANG_UP_SECONDS = 3

/** A mark that no output holds by chance, nor by malice: it is never seen on the target before it is printed. */
const nonce = (): string => `lb${randomBytes(16).toString('hex')}`

/** One long-lived shell on a host, as one user. Opened at the first exchange, and anew after it broke. */
export class Session {
  readonly #line: Line
  readonly #become: Become | undefined
  readonly #owner: Owner
  #shell: Shell | undefined
  #runningGroup = 0
  /** Scripts whose end was not seen. They may still run on the host. */
  #interrupted: Interrupted[] = []

  constructor(line: Line, become?: Become) {
    this.#line = line
    this.#become = become
    this.#owner = { line, become }
  }

  /** One exchange at a time: the caller queues them. Errors as {@link Connection.exchange}. */
  async exchange(script: string, { timeLimitSeconds, onOutput }: Omit<ExchangeOptions, 'become'>): Promise<Exchange> {
    const mark = nonce()
    const collected = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const take = onOutput ?? ((stream, chunk) => void collected[stream].push(chunk))
    const printed = (): [Buffer, Buffer] => [Buffer.concat(collected.stdout), Buffer.concat(collected.stderr)]
    const text = exchangeText(script, mark, timeLimitSeconds)
    const shell = this.#shell ?? (await this.#open())
    const starting = new Timer()
    starting.start(this.#line.startSeconds)
    const stalled = starting.elapsed.then(() => this.#stalled(shell))
    const timer = new Timer()
    const interrupted = { token: shell.token, until: performance.now() + timeLimitSeconds * 1000 }
    try {
      await Promise.race([shell.invited, shell.failed, stalled])
      shell.channel.stdin.write(shell.opening + text)
      shell.opening = ''
      const answer = this.#answer(shell, mark, take, () => {
        starting.clear()
        interrupted.until = performance.now() + timeLimitSeconds * 1000
        timer.start(timeLimitSeconds + GRACE_SECONDS)
      })
      const ended = await Promise.race([answer, shell.failed, stalled, timer.elapsed])
      if (ended === undefined) {
        await this.#giveUp(interrupted, timeLimitSeconds)
        shell.stdout.end()
        shell.stderr.end()
      }
      const [exitCode, late] = ended ?? ['', 'late']
      if (late === 'late') throw this.#timeLimit(timeLimitSeconds, ...printed())
      const [stdout, stderr] = printed()
      return { stdout, stderr, exitCode: Number(exitCode) }
    } catch (error) {
      if (error instanceof Unreachable && error.began) this.#interrupted.push(interrupted)
      throw error
    } finally {
      timer.clear()
      starting.clear()
      this.#runningGroup = 0
    }
  }

  /**
   * Makes sure that no script whose end was not seen still runs: it waits for one that does while that one's time limit
   * lasts, then ends it. Errors as {@link Connection.exchange}.
   */
  async settle(): Promise<void> {
    for (const each of [...this.#interrupted]) {
      const leftSeconds = Math.max(0, (each.until - performance.now()) / 1000)
      // A line that breaks now leaves nothing new to settle, only the same once more.
      const before = [...this.#interrupted]
      const text = settleText(each.token, leftSeconds)
      const { stdout, exitCode } = await this.exchange(text, { timeLimitSeconds: settleLimit(leftSeconds) }).catch(
        (error: unknown) => {
          this.#interrupted = before
          throw error instanceof Unreachable ? new Unreachable(error.message, { lost: error.lost }) : error
        },
      )
      if (exitCode !== 0) {
        const process = stdout.toString().trim()
        throw new Unreachable(
          `${this.#line.name}: a script that ran when the connection was lost goes on and cannot be ` +
            `ended (process ${process}): end it there, or restart the machine`,
        )
      }
      this.#interrupted = this.#interrupted.filter((other) => other !== each)
    }
  }

  /** Ends the script that is running, by a shell of its own, as far as that can be done in 3 s. Never throws. */
  async hangUp(): Promise<void> {
    if (this.#runningGroup > 1) await this.#reach()
  }

  /** Whether the host takes up another shell for us, and there hangs up the script that runs. */
  async #reach(): Promise<boolean> {
    const text = this.#runningGroup > 1 ? hangUpText(this.#runningGroup) : ':'
    const heard = await this.#askOn(this.#line, text)
    if (heard !== 'refused') return heard === 'done'
    // sshd may allow no further session on this connection (MaxSessions).
    const sibling = this.#line.sibling()
    const done = await this.#askOn(sibling, text)
    await sibling.close()
    return done === 'done'
  }

  async #askOn(line: Line, text: string): Promise<'done' | 'refused' | 'silent'> {
    const other = new Session(line, this.#become)
    const timer = new Timer()
    timer.start(HANG_UP_SECONDS)
    const answer = other.exchange(text, { timeLimitSeconds: HANG_UP_SECONDS }).then(
      () => 'done' as const,
      () => 'refused' as const,
    )
    const heard = await Promise.race([answer, timer.elapsed])
    timer.clear()
    other.close()
    return heard ?? 'silent'
  }

  close(): void {
    this.#shell?.channel.destroy()
    this.#shell = undefined
  }

  async #open(): Promise<Shell> {
    const gate = nonce()
    const ready = nonce()
    const channel = await this.#line.start(sessionCommand(gate, this.#become))
    const prompt = promptPattern(gate)
    let refused: (asked: string) => void = () => undefined
    const passwordRefused = new Promise<string>((resolve) => (refused = resolve))
    const password = this.#become?.password?.reveal()
    let invite: () => void = () => undefined
    const invited = new Promise<void>((resolve) => (invite = resolve))
    if (password === undefined) invite()
    const shell: Shell = {
      channel,
      token: gate,
      invited,
      opening: sessionOpening(gate, ready, password),
      ready,
      stdout: new MarkedStream(channel.stdout),
      stderr: new MarkedStream(channel.stderr, (kept) => {
        if (shell.ready === '') return
        const said = kept().toString('latin1')
        const [asked, again] = said.matchAll(prompt)
        if (asked !== undefined || said.includes(openSign(gate))) invite()
        if (again !== undefined) refused(again[1] ?? '')
      }),
      failed: Promise.race([
        // A moment later: what came with its end, in the same packet, is dealt with first.
        channel.closed.then((ending) => setImmediate(ending)).then((ending) => explainEnd(this.#owner, shell, ending)),
        passwordRefused.then((asked) => new BecomeFailed(wrongPassword(whoOf(this.#owner, asked)))),
      ]).then((error) => {
        if (this.#shell === shell) this.#shell = undefined
        channel.destroy()
        throw error
      }),
    }
    // A shell may break while nobody waits for it; the next exchange then opens another.
    shell.failed.catch(() => undefined)
    this.#shell = shell
    return shell
  }

  /**
   * All marks are asked for at once: what one stream has for us may be here long before the other has shown the mark
   * before it, and must go on its way.
   *
   * @returns the words that tell how the script ended.
   */
  async #answer(
    shell: Shell,
    mark: string,
    take: (stream: StreamName, chunk: Buffer) => void,
    onReady: () => void,
  ): Promise<readonly string[]> {
    const ready = shell.ready === '' ? undefined : both(shell, shell.ready)
    // What stands before the first mark was printed by what earlier scripts left running.
    const began = both(shell, mark)
    const ended = both(shell, mark, take)
    if (ready !== undefined) {
      await ready
      shell.ready = ''
    }
    onReady()
    this.#runningGroup = Number((await began)[0])
    return ended
  }

  /** For a target that did not end the script itself. */
  async #giveUp(interrupted: Interrupted, timeLimitSeconds: number): Promise<void> {
    const done = await this.#reach()
    this.close()
    if (done) {
      this.#interrupted.push(interrupted)
      return
    }
    this.#line.drop()
    throw new Unreachable(
      `${this.#line.name}: the connection was given up: the host neither told the end of a script ` +
        `within ${GRACE_SECONDS} s after its time limit of ${timeLimitSeconds} s, nor took up a second shell; how far the ` +
        'script came is not known',
      { lost: true, began: true },
    )
  }

  #timeLimit(seconds: number, stdout: Buffer, stderr: Buffer): TimeLimit {
    return new TimeLimit(`${this.#line.name}: the script did not end within ${seconds} s and was ended`, stdout, stderr)
  }

  #stalled(shell: Shell): never {
    const error = explainStall(this.#owner, shell, this.#line.startSeconds)
    this.close()
    // What was sent lies in the pipe to it, and would still be run if it went on.
    if (shell.opening === '') this.#interrupted.push({ token: shell.token, until: 0 })
    throw error
  }
}

/** A script whose end was not seen. */
interface Interrupted {
  /** Of the session it ran in. */
  readonly token: string
  /** When its time limit is over, by `performance.now()`. */
  until: number
}
