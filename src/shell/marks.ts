const NEWLINE = 0x0a

/** What is found on the way through a {@link Cutter}. */
export interface Found {
  /** Bytes that are no mark's, in order; the chunks are not copied. */
  bytes(chunk: Buffer): void
  /** A line that began with the mark, and the words after it. */
  mark(words: readonly string[]): void
}

/**
 * Cuts a stream of bytes at the lines that begin with a mark. It keeps no more of it than the start of a line that may
 * yet become a mark, so a stream of any length goes through, in time proportional to it.
 */
export class Cutter {
  readonly #found: Found
  #needle: Buffer | undefined
  #held: Buffer = Buffer.alloc(0)

  constructor(found: Found) {
    this.#found = found
  }

  /** The mark to cut at from now on; none: what comes is kept until there is one, or until {@link take}n. */
  seek(mark: string | undefined): void {
    this.#needle = mark === undefined ? undefined : Buffer.from(`\n${mark}`)
  }

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.cut()
  }

  /** Looks at what is kept with the mark that is sought now. */
  cut(): void {
    for (;;) {
      const needle = this.#needle
      if (needle === undefined) return
      const all = this.#held
      const at = all.indexOf(needle)
      if (at === -1) {
        const rest = mayBegin(all, needle.length)
        this.#held = all.subarray(rest)
        if (rest > 0) this.#found.bytes(all.subarray(0, rest))
        return
      }
      const end = all.indexOf(NEWLINE, at + needle.length)
      // The mark's line is not complete yet: it is looked at again with the next chunk.
      this.#held = all.subarray(end === -1 ? at : end + 1)
      if (at > 0) this.#found.bytes(all.subarray(0, at))
      if (end === -1) return
      this.#found.mark(
        all
          .toString('latin1', at + needle.length, end)
          .trim()
          .split(' '),
      )
    }
  }

  /** What is kept, which then is kept no longer. */
  take(): Buffer {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    return held
  }
}

/** Where in the last bytes a line starts that may become a mark with those that follow; else the end. */
function mayBegin(bytes: Buffer, needleLength: number): number {
  const at = bytes.indexOf(NEWLINE, Math.max(0, bytes.length - needleLength + 1))
  return at === -1 ? bytes.length : at
}
