const NEWLINE = 0x0a

/** Callbacks of a {@link Cutter}. */
export interface Found {
  /** Bytes between delimiters, in order and not copied. */
  bytes(chunk: Buffer): void
  /** A line that starts with the delimiter, and the words after it. */
  mark(words: readonly string[]): void
}

/**
 * Splits a byte stream at lines that start with a delimiter. It buffers only a possible start of a delimiter, so it
 * handles streams of any length in linear time.
 */
export class Cutter {
  readonly #found: Found
  #needle: Buffer | undefined
  #held: Buffer = Buffer.alloc(0)

  constructor(found: Found) {
    this.#found = found
  }

  /** Sets the delimiter. Without one, input is buffered until there is one, or until {@link take}. */
  seek(mark: string | undefined): void {
    this.#needle = mark === undefined ? undefined : Buffer.from(`\n${mark}`)
  }

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.cut()
  }

  /** Scans the buffer for the current delimiter. */
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
      // An incomplete delimiter line is scanned again with the next chunk.
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

  /** Returns the buffer and empties it. */
  take(): Buffer {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    return held
  }
}

/** Where a possible delimiter starts in the last bytes; otherwise the end. */
function mayBegin(bytes: Buffer, needleLength: number): number {
  const at = bytes.indexOf(NEWLINE, Math.max(0, bytes.length - needleLength + 1))
  return at === -1 ? bytes.length : at
}
