import type { Readable } from 'node:stream'
import { StreamSplitter } from '../shell/stream-splitter.ts'

/** How much recent output is kept: enough for the error of a shell that did not start. */
const RECENT_BYTES = 64 * 1024

/** Receives output chunk by chunk. */
export type ChunkHandler = (chunk: Buffer) => void

interface PendingRead {
  readonly mark: string
  readonly take: ChunkHandler
  readonly found: (fields: readonly string[]) => void
}

/** Splits a stream at delimiter lines. Its memory use is bounded, whatever the length of the stream. */
export class DelimitedStream {
  readonly #splitter = new StreamSplitter({
    onBytes: (chunk) => this.#bytes(chunk),
    onDelimiter: (fields) => this.#mark(fields),
  })
  readonly #pending: PendingRead[] = []
  #recent: Buffer[] = []
  #recentLength = 0

  constructor(stream: Readable, onBytes?: (recent: () => Buffer) => void) {
    stream.on('data', (chunk: Buffer) => {
      this.#remember(chunk)
      // Between two scripts, output comes only from background processes of earlier ones.
      if (this.#pending.length > 0) this.#splitter.push(chunk)
      onBytes?.(() => this.recent())
    })
  }

  /**
   * Resolves with the fields of the next line that begins with the delimiter `mark`. Calls resolve in order, so that
   * several delimiters can be requested ahead.
   *
   * @param take - receives the bytes before it, without the delimiter line. Must not throw.
   */
  readUntil(mark: string, take: ChunkHandler = () => undefined): Promise<readonly string[]> {
    return new Promise((found) => {
      this.#pending.push({ mark, take, found })
      if (this.#pending.length === 1) this.#seek()
    })
  }

  /** The stream has ended: passes on the bytes held back as a possible delimiter. */
  end(): void {
    const rest = this.#splitter.takeBuffer()
    if (rest.length > 0) this.#bytes(rest)
  }

  /** The most recent output since the last delimiter. */
  recent(): Buffer {
    const all = Buffer.concat(this.#recent)
    this.#recent = [all]
    return all
  }

  #seek(): void {
    this.#splitter.setDelimiter(this.#pending[0]?.mark)
  }

  #bytes(chunk: Buffer): void {
    this.#pending[0]?.take(chunk)
  }

  #mark(fields: readonly string[]): void {
    const next = this.#pending.shift()
    this.#recent = []
    this.#recentLength = 0
    this.#seek()
    // Bytes after the last requested delimiter have no receiver.
    if (this.#pending.length === 0) this.#remember(this.#splitter.takeBuffer())
    next?.found(fields)
  }

  #remember(chunk: Buffer): void {
    this.#recent.push(chunk)
    this.#recentLength += chunk.length
    while (this.#recentLength - (this.#recent[0]?.length ?? 0) >= RECENT_BYTES) {
      this.#recentLength -= this.#recent.shift()?.length ?? 0
    }
  }
}
