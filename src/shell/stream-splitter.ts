const NEWLINE = 0x0a

/** Callbacks of a {@link StreamSplitter}. */
export interface SplitHandlers {
  /** Bytes between delimiters, in order and not copied. */
  onBytes(chunk: Buffer): void
  /** A line that starts with the delimiter, and the words after it. */
  onDelimiter(words: readonly string[]): void
}

/**
 * Splits a byte stream at lines that start with a delimiter. It buffers only a possible start of a delimiter, so it
 * handles streams of any length in linear time.
 */
export class StreamSplitter {
  readonly #handlers: SplitHandlers
  #needle: Buffer | undefined
  #buffer: Buffer = Buffer.alloc(0)

  constructor(found: SplitHandlers) {
    this.#handlers = found
  }

  /** Sets the delimiter. Without one, input is buffered until there is one, or until {@link takeBuffer}. */
  setDelimiter(mark: string | undefined): void {
    this.#needle = mark === undefined ? undefined : Buffer.from(`\n${mark}`)
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    this.scan()
  }

  /** Scans the buffer for the current delimiter. */
  scan(): void {
    for (;;) {
      const needle = this.#needle
      if (needle === undefined) return
      const all = this.#buffer
      const at = all.indexOf(needle)
      if (at === -1) {
        const rest = possibleStart(all, needle)
        this.#buffer = all.subarray(rest)
        if (rest > 0) this.#handlers.onBytes(all.subarray(0, rest))
        return
      }
      const end = all.indexOf(NEWLINE, at + needle.length)
      // An incomplete delimiter line is scanned again with the next chunk.
      this.#buffer = all.subarray(end === -1 ? at : end + 1)
      if (at > 0) this.#handlers.onBytes(all.subarray(0, at))
      if (end === -1) return
      this.#handlers.onDelimiter(
        all
          .toString('latin1', at + needle.length, end)
          .trim()
          .split(' '),
      )
    }
  }

  /** Returns the buffer and empties it. */
  takeBuffer(): Buffer {
    const buffer = this.#buffer
    this.#buffer = Buffer.alloc(0)
    return buffer
  }
}

/** Where the last bytes are the start of a delimiter; otherwise the end. */
function possibleStart(bytes: Buffer, needle: Buffer): number {
  let at = bytes.indexOf(NEWLINE, Math.max(0, bytes.length - needle.length + 1))
  while (at !== -1 && !bytes.subarray(at).equals(needle.subarray(0, bytes.length - at)))
    at = bytes.indexOf(NEWLINE, at + 1)
  return at === -1 ? bytes.length : at
}
