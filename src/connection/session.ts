import { randomBytes } from 'node:crypto'
import { explainBecomeFailure, wrongPassword } from './become-failure.ts'
import type { Channel, Line } from './channel.ts'
import { type Become, BecomeFailed, type Exchange, TimeLimit, Unreachable } from './connection.ts'
import { type Marked, MarkedStream } from './marked-stream.ts'
import { exchangeText, passwordPrompt, sessionCommand, sessionOpening } from './program.ts'

/** The target ends a script itself, 10 s after its limit at the latest. This long after the limit we give it up. */
const GRACE_SECONDS = 15

/** A mark that no output holds by chance, nor by malice: it is never seen on the target before it is printed. */
const nonce = (): string => `lb${randomBytes(16).toString('hex')}`

/** One long-lived shell on a host, as one user. Opened at the first exchange, and anew after it broke. */
export class Session {
  readonly #line: Line
  readonly #become: Become | undefined
  #shell: Shell | undefined
  #runningGroup = 0

  constructor(line: Line, become?: Become) {
    this.#line = line
    this.#become = become
  }

  /** One exchange at a time: the caller queues them. Errors as {@link Connection.exchange}. */
  async exchange(script: string, timeLimitSeconds: number): Promise<Exchange> {
    const mark = nonce()
    const text = exchangeText(script, mark, timeLimitSeconds)
    const shell = this.#shell ?? (await this.#open())
    shell.channel.stdin.write(shell.opening + text)
    shell.opening = ''
    const timer = new Timer((timeLimitSeconds + GRACE_SECONDS) * 1000)
    try {
      const ended = await Promise.race([this.#answer(shell, mark), shell.failed, timer.elapsed])
      if (ended === undefined) throw await this.#giveUp(shell, timeLimitSeconds)
      const [out, err] = ended
      const [exitCode, late] = out.words
      if (late === 'late') throw this.#timeLimit(timeLimitSeconds, out.before, err.before)
      return { stdout: out.before, stderr: err.before, exitCode: Number(exitCode) }
    } finally {
      timer.clear()
      this.#runningGroup = 0
    }
  }

  /** Ends the script that is running, by a shell of its own, as far as that can be done in 3 s. Never throws. */
  async hangUp(): Promise<void> {
    const group = this.#runningGroup
    if (!(group > 1)) return
    const other = new Session(this.#line, this.#become)
    const timer = new Timer(3000)
    // Without `timeout` on the target there is no group, only the shell.
    const kill = other.exchange(`kill -HUP -${group} 2>/dev/null || kill -HUP ${group}`, 2)
    await Promise.race([kill.catch(() => undefined), timer.elapsed])
    timer.clear()
    other.close()
  }

  close(): void {
    this.#shell?.channel.destroy()
    this.#shell = undefined
  }

  async #open(): Promise<Shell> {
    const gate = nonce()
    const ready = nonce()
    const channel = await this.#line.start(sessionCommand(gate, this.#become))
    const prompt = passwordPrompt(gate)
    let refused: () => void = () => undefined
    const passwordRefused = new Promise<void>((resolve) => (refused = resolve))
    const shell: Shell = {
      channel,
      opening: sessionOpening(gate, ready, this.#become?.password?.reveal()),
      ready,
      stdout: new MarkedStream(channel.stdout),
      stderr: new MarkedStream(channel.stderr, (kept) => {
        if (shell.ready !== '' && kept().toString('latin1').split(prompt).length > 2) refused()
      }),
      failed: Promise.race([
        channel.closed.then((how) => this.#explainEnd(shell, how, prompt)),
        passwordRefused.then(() => new BecomeFailed(wrongPassword(...this.#who()))),
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

  async #answer(shell: Shell, mark: string): Promise<[Marked, Marked]> {
    if (shell.ready !== '') {
      await both(shell, shell.ready)
      shell.ready = ''
    }
    // What stands before the first mark was printed by what earlier scripts left running.
    const [began] = await both(shell, mark)
    this.#runningGroup = Number(began.words[0])
    return both(shell, mark)
  }

  /** For a target that did not end the script itself. */
  async #giveUp(shell: Shell, timeLimitSeconds: number): Promise<TimeLimit> {
    const error = this.#timeLimit(timeLimitSeconds, shell.stdout.kept(), shell.stderr.kept())
    await this.hangUp()
    this.close()
    return error
  }

  #timeLimit(seconds: number, stdout: Buffer, stderr: Buffer): TimeLimit {
    return new TimeLimit(`${this.#line.name}: the script did not end within ${seconds} s and was ended`, stdout, stderr)
  }

  #explainEnd(shell: Shell, how: 'exited' | 'lost', prompt: string): Error {
    const { name, user } = this.#line
    if (shell.ready === '') {
      return new Unreachable(`${name}: the connection was lost while a script ran; how far it came is not known`)
    }
    if (how === 'lost') return new Unreachable(`${name}: the connection was lost before a shell had started`)
    const printed = shell.stderr.kept().toString().replaceAll(prompt, '')
    if (this.#become !== undefined) return new BecomeFailed(explainBecomeFailure(...this.#who(), printed))
    const said = `${printed}\n${shell.stdout.kept().toString()}`.trim().split('\n').at(-1) || 'nothing'
    return new Unreachable(`${name}: ${user}'s login shell does not run commands; it said: ${said}`)
  }

  #who(): [string, string, string] {
    return [this.#line.name, this.#line.user, this.#become?.user ?? this.#line.user]
  }
}

interface Shell {
  readonly channel: Channel
  readonly stdout: MarkedStream
  readonly stderr: MarkedStream
  /** Never resolves; rejects when the shell is gone. */
  readonly failed: Promise<never>
  /** Written before the first exchange; empty afterwards. */
  opening: string
  /** The mark the shell prints once it is there; empty once it was seen. */
  ready: string
}

const both = (shell: Shell, mark: string): Promise<[Marked, Marked]> =>
  Promise.all([shell.stdout.until(mark), shell.stderr.until(mark)])

/** A wait that can be called off, so that it does not keep the process alive. */
class Timer {
  readonly elapsed: Promise<undefined>
  #timer: NodeJS.Timeout | undefined

  constructor(milliseconds: number) {
    this.elapsed = new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve(undefined), milliseconds)
    })
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}
