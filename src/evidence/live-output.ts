import { StringDecoder } from 'node:string_decoder'
import type { LiveSink } from '../execution/captured-output.ts'
import type { Redactor } from './redactor.ts'

/** Longer lines, and what follows them, are not shown while the task runs; the report has them. */
const MAX_PENDING = 64 * 1024

export interface LiveOutputOptions {
  /** Output of tasks that end before is not shown while they run, in milliseconds. */
  readonly delayMs: number
  /** After this time without output, an incomplete line is shown, in milliseconds. */
  readonly idleMs: number
  /** Receives masked lines. */
  readonly onLines: (lines: readonly string[]) => void
}

/**
 * The output of a running task, line by line, with the secrets masked that are masked in its result: what may be the
 * start of a secret is held back.
 */
export class LiveOutput implements LiveSink {
  readonly #redactor: Redactor
  readonly #options: LiveOutputOptions
  readonly #decoder = new StringDecoder('utf8')
  #pending = ''
  #isRunning = false
  /** An incomplete line was shown: its line break is not the end of another. */
  #hasShownPart = false
  #hasEnded = false
  #timer: NodeJS.Timeout | undefined

  constructor(redactor: Redactor, options: LiveOutputOptions) {
    this.#redactor = redactor
    this.#options = options
  }

  write(chunk: Buffer): void {
    if (this.#hasEnded) return
    this.#pending += this.#decoder.write(chunk)
    if (this.#hasShownPart && this.#pending !== '') {
      this.#hasShownPart = false
      this.#pending = this.#pending.replace(/^\r?\n/, '')
    }
    if (this.#isRunning) this.#showLines()
    else this.#timer ??= this.#after(this.#options.delayMs, () => this.#start())
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#hasEnded = true
    if (this.#isRunning && this.#pending !== '') this.#show(this.#pending)
  }

  #start(): void {
    this.#isRunning = true
    this.#showLines()
  }

  #showLines(): void {
    const shown = this.#redactor.completeLines(this.#pending)
    const lines = this.#pending.slice(0, shown)
    this.#pending = this.#pending.slice(shown)
    if (lines !== '') this.#show(lines)
    clearTimeout(this.#timer)
    if (this.#pending.length > MAX_PENDING) {
      // Its end may be the start of a secret.
      this.#hasEnded = true
      this.#pending = ''
      this.#options.onLines(['(a very long line follows: the report has all output)'])
    } else if (this.#pending !== '') this.#timer = this.#after(this.#options.idleMs, () => this.#showPart())
  }

  /** A last line break may be held back, as it could belong to the end of the script. */
  #showPart(): void {
    const text = this.#pending
    if (text.includes('\n') || this.#redactor.openSecret(text) !== text.length) return
    this.#pending = ''
    this.#hasShownPart = true
    this.#show(text)
  }

  #show(text: string): void {
    this.#options.onLines(
      this.#redactor
        .maskText(text)
        .replace(/\r?\n$/, '')
        .split('\n'),
    )
  }

  #after(ms: number, action: () => void): NodeJS.Timeout {
    return setTimeout(action, ms).unref()
  }
}
