import type { Gather, LongOutput, Outcome } from '../shell/batch.ts'

/** What a script prints on a stream beyond this many bytes goes to a file: its text in the record is head and tail. */
export const RECORDED = 1024 * 1024
/** A plan is never made from a part of a probe's output, and more than this many bytes of it are not held in memory. */
const MOST_FOR_A_PLAN = 8 * 1024 * 1024
const HALF = RECORDED / 2

/** Takes the whole of a long output, as it comes. */
export interface Spool {
  /** The file, below the run's folder. */
  readonly file: string
  /** @throws when it cannot be written (disk full). */
  write(chunk: Buffer): void
  /** @throws as `write`. */
  close(): void
}

/** What an output is of. */
export interface SpoolOf {
  readonly host: string
  readonly task: string
  readonly stream: 'stdout' | 'stderr'
}

export type OpenSpool = (of: SpoolOf) => Spool

/** How much of a script's output is kept. */
export interface Keep {
  /**
   * `change`: head and tail are enough. `probe`: all that a plan may be made from. `ahead`: asked again if it is long.
   */
  readonly for: 'change' | 'probe' | 'ahead'
  /** For outputs over {@link RECORDED}; none: such an output is nowhere whole. */
  readonly spool?: (stream: SpoolOf['stream']) => Spool
}

/** One stream of one script: whole in memory while it is short, its head and tail once it is not. */
export class KeptOutput implements Gather {
  readonly #whole: number
  readonly #openSpool: (() => Spool) | undefined
  #spool: Spool | undefined
  #bytes = 0
  #chunks: Buffer[] = []
  #ends: { readonly head: Buffer; readonly tail: Tail } | undefined
  #text: string | undefined
  /** Why the file could not be written. */
  problem: unknown

  constructor(stream: SpoolOf['stream'], { for: purpose, spool }: Keep) {
    this.#whole = purpose === 'probe' ? MOST_FOR_A_PLAN : RECORDED
    this.#openSpool = spool && (() => spool(stream))
  }

  take(chunk: Buffer): void {
    if (this.#text !== undefined) return
    this.#bytes += chunk.length
    this.#toFile(chunk)
    if (this.#ends !== undefined) {
      this.#ends.tail.push(chunk)
      return
    }
    this.#chunks.push(chunk)
    if (this.#bytes <= this.#whole) return
    const all = Buffer.concat(this.#chunks)
    this.#chunks = []
    // A byte more than is shown, to see whether a character was cut.
    this.#ends = { head: Buffer.from(all.subarray(0, HALF + 1)), tail: new Tail(HALF) }
    this.#ends.tail.push(all)
  }

  end(): void {
    this.#try(() => this.#spool?.close())
    this.#text = this.#ends === undefined ? Buffer.concat(this.#chunks).toString('utf8') : this.#headAndTail(this.#ends)
    this.#chunks = []
    this.#ends = undefined
  }

  /** What is kept; to be asked for after the end. */
  text(): string {
    return this.#text ?? ''
  }

  long(): LongOutput | undefined {
    if (this.#bytes <= RECORDED) return undefined
    return { bytes: this.#bytes, ...(this.#spool === undefined ? {} : { file: this.#spool.file }) }
  }

  #toFile(chunk: Buffer): void {
    if (this.#openSpool === undefined || this.#bytes <= RECORDED || this.problem !== undefined) return
    const open = this.#openSpool
    this.#try(() => {
      if (this.#spool === undefined) {
        this.#spool = open()
        for (const earlier of this.#chunks) this.#spool.write(earlier)
      }
      this.#spool.write(chunk)
    })
  }

  /** The script goes on, whatever becomes of the file: whether the run does is decided when the script has ended. */
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
      leftOut(this.#bytes - start.length - rest.length, this.#bytes, this.#spool?.file) +
      rest.toString('utf8')
    )
  }
}

/** The line between the head and the tail of a long output. The evidence room knows it by its first words. */
export const leftOut = (bytes: number, all: number, file?: string): string =>
  `\n[... ${bytes} bytes left out${file === undefined ? '' : `; all ${all} are in ${file}`} ...]\n`

/** Why no plan is made from what a probe printed; undefined where one can be. */
export function tooLongToPlan({ long }: Outcome): string | undefined {
  for (const stream of ['stdout', 'stderr'] as const) {
    const output = long?.[stream]
    if (output === undefined || output.bytes <= MOST_FOR_A_PLAN) continue
    const where = output.file === undefined ? '' : `; all of them are in ${output.file}`
    return (
      `it printed ${output.bytes} bytes on ${stream} when it was looked at, and a plan is made from ${MOST_FOR_A_PLAN} at most${where}. ` +
      'Let it print less, or (a command) leave out read_only'
    )
  }
  return undefined
}

/** The last bytes of a stream. */
class Tail {
  readonly #ring: Buffer
  #at = 0

  constructor(size: number) {
    this.#ring = Buffer.allocUnsafe(size)
  }

  /** Must have got as many bytes as it holds before it is read. */
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

/** The first position at or before `at` where a UTF-8 character starts. */
export function characterStart(bytes: Buffer, at: number): number {
  let start = at
  while (start > 0 && at - start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--
  return start
}

/** Where the first whole UTF-8 character starts. */
function nextCharacter(bytes: Buffer): number {
  let start = 0
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++
  return start
}
