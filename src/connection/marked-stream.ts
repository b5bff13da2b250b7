import type { Readable } from 'node:stream'
import { Cutter } from '../shell/marks.ts'

/** Of what nobody takes, this much of the end is kept: enough for the last words of a shell that did not start. */
const LAST_WORDS = 64 * 1024

/** Takes bytes as they come. */
export type Take = (chunk: Buffer) => void

interface Wanted {
  readonly mark: string
  readonly take: Take
  readonly found: (words: readonly string[]) => void
}

/** Reads a stream from mark to mark. However much comes, it keeps only a little of it. */
export class MarkedStream {
  readonly #cutter = new Cutter({ bytes: (chunk) => this.#bytes(chunk), mark: (words) => this.#mark(words) })
  readonly #wanted: Wanted[] = []
  #recent: Buffer[] = []
  #recentLength = 0

  constructor(stream: Readable, onBytes?: (kept: () => Buffer) => void) {
    stream.on('data', (chunk: Buffer) => {
      this.#remember(chunk)
      // Between two exchanges only what an earlier script left running prints.
      if (this.#wanted.length > 0) this.#cutter.push(chunk)
      onBytes?.(() => this.kept())
    })
  }

  /**
   * The words behind the next line that begins with `mark`. Calls are answered in order, so that what comes after one
   * mark can be asked for before that mark is there.
   *
   * @param take - gets the bytes before it as they come, without the mark's line. Must not throw.
   */
  until(mark: string, take: Take = () => undefined): Promise<readonly string[]> {
    return new Promise((found) => {
      this.#wanted.push({ mark, take, found })
      if (this.#wanted.length === 1) this.#seek()
    })
  }

  /** No mark will come any more: what looked like the start of one goes on its way. */
  end(): void {
    const rest = this.#cutter.take()
    if (rest.length > 0) this.#bytes(rest)
  }

  /** The end of what has arrived since the last mark. */
  kept(): Buffer {
    const all = Buffer.concat(this.#recent)
    this.#recent = [all]
    return all
  }

  #seek(): void {
    this.#cutter.seek(this.#wanted[0]?.mark)
  }

  #bytes(chunk: Buffer): void {
    this.#wanted[0]?.take(chunk)
  }

  #mark(words: readonly string[]): void {
    const wanted = this.#wanted.shift()
    this.#recent = []
    this.#recentLength = 0
    this.#seek()
    // What comes after the last mark that is wanted is nobody's.
    if (this.#wanted.length === 0) this.#remember(this.#cutter.take())
    wanted?.found(words)
  }

  #remember(chunk: Buffer): void {
    this.#recent.push(chunk)
    this.#recentLength += chunk.length
    while (this.#recentLength - (this.#recent[0]?.length ?? 0) >= LAST_WORDS) {
      this.#recentLength -= this.#recent.shift()?.length ?? 0
    }
  }
}
