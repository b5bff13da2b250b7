import { characterStart, RECORD_LIMIT_BYTES, truncationMarker } from '../events/truncated-text.ts'
import type { OutputSink, TruncatedOutput, CommandResult } from '../shell/batch.ts'

/** Plans require the complete output of a probe, up to this limit. It bounds memory use. */
const PLAN_LIMIT_BYTES = 8 * 1024 * 1024
const HALF = RECORD_LIMIT_BYTES / 2

/** A file for the complete content of a long output. */
export interface OverflowFile {
  /** Path relative to the run's directory. */
  readonly file: string
  /** @throws if the write fails (disk full). */
  write(chunk: Buffer): void
  /** @throws as `write`. */
  close(): void
}

/** The source of an output. */
export interface OverflowSource {
  readonly host: string
  readonly task: string
  readonly stream: 'stdout' | 'stderr'
}

/** Opens what shows an output while its task runs. */
export type OpenLiveOutput = (of: OverflowSource) => OutputSink

export type OpenOverflowFile = (of: OverflowSource) => OverflowFile

/** How much of a script's output to capture. */
export interface CaptureOptions {
  /**
   * `change`: head and tail suffice. `probe`: as much as a plan may need. `ahead`: prefetched; probed again if it is
   * long.
   */
  readonly purpose: 'change' | 'probe' | 'ahead'
  /** For outputs over {@link RECORD_LIMIT_BYTES}. Without it, the complete output is lost. */
  readonly openOverflowFile?: (stream: OverflowSource['stream']) => OverflowFile
  /** Receives the output as it comes. */
  readonly openLiveOutput?: (stream: OverflowSource['stream']) => OutputSink
}

/** One output stream of one script: complete in memory while short, only head and tail once long. */
export class CapturedOutput implements OutputSink {
  readonly #limit: number
  readonly #openSpool: (() => OverflowFile) | undefined
  #spool: OverflowFile | undefined
  #bytes = 0
  #chunks: Buffer[] = []
  #ends: { readonly head: Buffer; readonly tail: Tail } | undefined
  #text: string | undefined
  readonly #openLive: (() => OutputSink) | undefined
  #live: OutputSink | undefined
  /** Why the overflow file could not be written. */
  problem: unknown

  constructor(stream: OverflowSource['stream'], { purpose, openOverflowFile: spool, openLiveOutput }: CaptureOptions) {
    this.#limit = purpose === 'probe' ? PLAN_LIMIT_BYTES : RECORD_LIMIT_BYTES
    this.#openSpool = spool && (() => spool(stream))
    this.#openLive = openLiveOutput && (() => openLiveOutput(stream))
  }

  write(chunk: Buffer): void {
    if (this.#text !== undefined) return
    this.#bytes += chunk.length
    this.#live ??= this.#openLive?.()
    this.#live?.write(chunk)
    this.#toFile(chunk)
    if (this.#ends !== undefined) {
      this.#ends.tail.push(chunk)
      return
    }
    this.#chunks.push(chunk)
    if (this.#bytes <= this.#limit) return
    const all = Buffer.concat(this.#chunks)
    this.#chunks = []
    // One extra byte, to detect a character cut in two.
    this.#ends = { head: Buffer.from(all.subarray(0, HALF + 1)), tail: new Tail(HALF) }
    this.#ends.tail.push(all)
  }

  end(): void {
    this.#live?.end()
    this.#try(() => this.#spool?.close())
    this.#text = this.#ends === undefined ? Buffer.concat(this.#chunks).toString('utf8') : this.#headAndTail(this.#ends)
    this.#chunks = []
    this.#ends = undefined
  }

  /** The captured text. Available after the end. */
  text(): string {
    return this.#text ?? ''
  }

  long(): TruncatedOutput | undefined {
    if (this.#bytes <= RECORD_LIMIT_BYTES) return undefined
    return { bytes: this.#bytes, ...(this.#spool === undefined ? {} : { file: this.#spool.file }) }
  }

  #toFile(chunk: Buffer): void {
    if (this.#openSpool === undefined || this.#bytes <= RECORD_LIMIT_BYTES || this.problem !== undefined) return
    const open = this.#openSpool
    this.#try(() => {
      if (this.#spool === undefined) {
        this.#spool = open()
        for (const earlier of this.#chunks) this.#spool.write(earlier)
      }
      this.#spool.write(chunk)
    })
  }

  /** A failed write does not stop the script; the run ends once the script has ended. */
  #try(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.problem ??= error
    }
  }

  #headAndTail({ head, tail }: { readonly head: Buffer; readonly tail: Tail }): string {
    const start = head.subarray(0, characterStart(head, HALF))
    const end = tail.bytes()
    const rest = end.subarray(nextCharacter(end))
    return (
      start.toString('utf8') +
      truncationMarker({
        omitted: this.#bytes - start.length - rest.length,
        total: this.#bytes,
        file: this.#spool?.file,
      }) +
      rest.toString('utf8')
    )
  }
}

/** Why a probe's output cannot be evaluated; undefined if it can. */
export function outputLimitProblem({ long }: CommandResult): string | undefined {
  for (const stream of ['stdout', 'stderr'] as const) {
    const output = long?.[stream]
    if (output === undefined || output.bytes <= PLAN_LIMIT_BYTES) continue
    const where = output.file === undefined ? '' : `; the complete output is in ${output.file}`
    return (
      `the probe printed ${output.bytes} bytes on ${stream}; at most ${PLAN_LIMIT_BYTES} can be evaluated${where}. ` +
      'Reduce its output, or remove read_only from a command'
    )
  }
  return undefined
}

/** A ring buffer for the last bytes of a stream. */
class Tail {
  readonly #ring: Buffer
  #at = 0

  constructor(size: number) {
    this.#ring = Buffer.allocUnsafe(size)
  }

  /** Must receive at least as many bytes as its size before it is read. */
  push(chunk: Buffer): void {
    const size = this.#ring.length
    const last = chunk.subarray(Math.max(0, chunk.length - size))
    const fits = last.copy(this.#ring, this.#at)
    last.copy(this.#ring, 0, fits)
    this.#at = (this.#at + last.length) % size
  }

  bytes(): Buffer {
    return Buffer.concat([this.#ring.subarray(this.#at), this.#ring.subarray(0, this.#at)])
  }
}

/** The index of the first complete UTF-8 character. */
function nextCharacter(bytes: Buffer): number {
  let start = 0
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++
  return start
}
