import type { Readable } from 'node:stream'

/** What stood before a mark, and the words after it on its line. */
export interface Marked {
  readonly before: Buffer
  readonly words: readonly string[]
}

/** Cuts a stream of bytes at lines that begin with a mark. What has not been cut off yet is kept. */
export class MarkedStream {
  #chunks: Buffer[] = []
  #length = 0
  #searched = 0
  #wanted: { needle: Buffer; found: (marked: Marked) => void } | undefined

  constructor(stream: Readable, onBytes?: (kept: () => Buffer) => void) {
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#length += chunk.length
      onBytes?.(() => this.kept())
      this.#search()
    })
  }

  /** Everything up to the next line that begins with `mark`. One call at a time. */
  until(mark: string): Promise<Marked> {
    return new Promise((found) => {
      this.#wanted = { needle: Buffer.from(`\n${mark}`), found }
      this.#searched = 0
      this.#search()
    })
  }

  /** What has arrived since the last cut. */
  kept(): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }

  #search(): void {
    if (this.#wanted === undefined || this.#length === this.#searched) return
    const { needle, found } = this.#wanted
    const from = Math.max(0, this.#searched - needle.length)
    const fresh = this.#tail(from)
    const at = fresh.indexOf(needle)
    if (at === -1) {
      this.#searched = this.#length
      return
    }
    const end = fresh.indexOf(0x0a, at + needle.length)
    // The mark's line is not complete yet: look at it again with the next chunk.
    if (end === -1) return
    const words = fresh.toString('latin1', at + needle.length, end).trim().split(' ')
    const all = this.kept()
    const rest = all.subarray(from + end + 1)
    this.#chunks = [rest]
    this.#length = rest.length
    this.#wanted = undefined
    found({ before: all.subarray(0, from + at), words })
  }

  /** The bytes from an offset on, without joining the chunks before it. */
  #tail(offset: number): Buffer {
    const tail: Buffer[] = []
    let start = this.#length
    for (let i = this.#chunks.length - 1; i >= 0 && start > offset; i--) {
      const chunk = this.#chunks[i] as Buffer
      start -= chunk.length
      tail.unshift(chunk)
    }
    return Buffer.concat(tail).subarray(Math.max(0, offset - start))
  }
}
