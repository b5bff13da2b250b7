/** What to mask. */
export interface Rule {
  /** Global. No match may depend on more than one character before it. */
  readonly pattern: RegExp
  /** As the second argument of `String.replace`. */
  readonly mask: string
  /** In every match; texts without it are not searched. */
  readonly sign?: string
}

export interface MaskedStream {
  push(chunk: Buffer): void
  /** What was held back. */
  end(): void
}

/** Pieces smaller than this are gathered first: what is held back is searched again with each. */
const PIECE = 64 * 1024
/** A match that goes on to the end of what is there is waited for, up to this length. */
const LONGEST_MATCH = 1024 * 1024

export interface MaskOptions {
  readonly rules: readonly Rule[]
  /** Matches wherever one of the rules may. Until it first does, the bytes pass as they are, which costs a tenth. */
  readonly suspect: RegExp
  /** The length of the longest match that may be cut by the end of a chunk. */
  readonly longest: number
  /**
   * Takes what has been masked; the bytes are good until it returns. A part is held back until it is known what
   * follows.
   */
  readonly put: (bytes: Buffer) => void
}

/** Masks bytes as they come, as if all of them had been masked at once, rule after rule. */
export function maskStream({ rules, suspect, longest, put }: MaskOptions): MaskedStream {
  const stages = rules.map((rule) => new Stage(rule, longest))
  // One for all pieces: as garbage, they would take more memory than all else.
  const piece = Buffer.allocUnsafe(longest + PIECE)
  let length = 0
  let clean = true
  const flow = (final: boolean): void => {
    // Each byte a character: nothing is lost, whatever the encoding, and searching is quick.
    let text = piece.toString('latin1', 0, length)
    clean &&= !suspect.test(text)
    const held = clean && !final ? Math.min(longest, length) : 0
    const done = length - held
    if (!clean) for (const stage of stages) text = stage.push(text, final)
    put(clean ? piece.subarray(0, done) : Buffer.from(text, 'latin1'))
    piece.copyWithin(0, done, length)
    length = held
  }
  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const taken = chunk.copy(piece, length, at)
        at += taken
        length += taken
        if (length === piece.length) flow(false)
      }
    },
    end: () => {
      flow(true)
    },
  }
}

/** One rule on its way along a text. */
class Stage {
  readonly #rule: Rule
  readonly #longest: number
  #held = ''
  /** The character before what is held, for patterns that look behind. */
  #before = ''

  constructor(rule: Rule, longest: number) {
    this.#rule = rule
    this.#longest = longest
  }

  push(chunk: string, final: boolean): string {
    const text = this.#before + this.#held + chunk
    const from = this.#before.length
    // A match that starts before here is seen whole, and so is what a longer one in its place would need.
    const sure = final ? text.length : Math.max(from, text.length - this.#longest)
    const { masked, upTo } = this.#mask(text, from, sure, final)
    this.#held = text.slice(upTo)
    this.#before = upTo > 0 ? text.slice(upTo - 1, upTo) : ''
    return masked
  }

  #mask(text: string, from: number, sure: number, final: boolean): { masked: string; upTo: number } {
    const { pattern, mask, sign } = this.#rule
    let masked = ''
    let at = from
    if (sign === undefined || text.includes(sign)) {
      pattern.lastIndex = from
      for (let match; (match = pattern.exec(text)) !== null && match.index < sure; ) {
        const end = match.index + match[0].length
        const goesOn = !final && end === text.length && match[0].length < LONGEST_MATCH
        masked += text.slice(at, match.index)
        if (goesOn) return { masked, upTo: match.index }
        masked += mask.replace('$1', () => match[1] ?? '')
        at = end
      }
    }
    const upTo = Math.max(at, sure)
    return { masked: masked + text.slice(at, upTo), upTo }
  }
}
