/** A pattern to mask. */
export interface MaskRule {
  /** Global. Lookbehind may use at most one character. */
  readonly pattern: RegExp
  /** The replacement, as in `String.replace`. */
  readonly mask: string
  /** A substring of every match; texts without it are not searched. */
  readonly marker?: string
}

export interface MaskedStream {
  push(chunk: Buffer): void
  /** Writes the bytes that were held back. */
  end(): void
}

/** Smaller chunks are buffered, because held-back bytes are searched again with each. */
const CHUNK = 64 * 1024
/** A match at the end of the buffer may continue in the next chunk, up to this length. */
const MAX_MATCH = 1024 * 1024

export interface MaskOptions {
  readonly rules: readonly MaskRule[]
  /** A fast test that matches if a rule may. Until it first matches, bytes pass unchanged, which costs a tenth. */
  readonly quickTest: RegExp
  /** The maximum length of a match that may span two chunks. */
  readonly maxMatchLength: number
  /** Receives masked bytes, which are valid until it returns. The end is held back until the next bytes arrive. */
  readonly onMasked: (bytes: Buffer) => void
}

/** Masks a byte stream with the same result as masking all of it at once, rule by rule. */
export function maskStream({
  rules,
  quickTest: suspect,
  maxMatchLength: longest,
  onMasked: put,
}: MaskOptions): MaskedStream {
  const stages = rules.map((rule) => new Stage(rule, longest))
  // One buffer for all chunks: the garbage of many would dominate memory use.
  const buffer = Buffer.allocUnsafe(longest + CHUNK)
  let length = 0
  let clean = true
  const flow = (final: boolean): void => {
    // One character per byte: lossless for any encoding, and fast to search.
    let text = buffer.toString('latin1', 0, length)
    clean &&= !suspect.test(text)
    const held = clean && !final ? Math.min(longest, length) : 0
    const done = length - held
    if (!clean) for (const stage of stages) text = stage.push(text, final)
    put(clean ? buffer.subarray(0, done) : Buffer.from(text, 'latin1'))
    buffer.copyWithin(0, done, length)
    length = held
  }
  return {
    push(chunk) {
      for (let at = 0; at < chunk.length; ) {
        const taken = chunk.copy(buffer, length, at)
        at += taken
        length += taken
        if (length === buffer.length) flow(false)
      }
    },
    end: () => {
      flow(true)
    },
  }
}

/** Applies one rule to a stream. */
class Stage {
  readonly #rule: MaskRule
  readonly #longest: number
  #held = ''
  /** The character before the held text, for lookbehind. */
  #before = ''

  constructor(rule: MaskRule, longest: number) {
    this.#rule = rule
    this.#longest = longest
  }

  push(chunk: string, final: boolean): string {
    const text = this.#before + this.#held + chunk
    const from = this.#before.length
    // A match that starts before this offset is complete, and so is any longer alternative.
    const safeEnd = final ? text.length : Math.max(from, text.length - this.#longest)
    const { masked, upTo } = this.#mask(text, from, safeEnd, final)
    this.#held = text.slice(upTo)
    this.#before = upTo > 0 ? text.slice(upTo - 1, upTo) : ''
    return masked
  }

  #mask(text: string, from: number, safeEnd: number, final: boolean): { masked: string; upTo: number } {
    const { pattern, mask, marker: sign } = this.#rule
    let masked = ''
    let at = from
    if (sign === undefined || text.includes(sign)) {
      pattern.lastIndex = from
      for (let match; (match = pattern.exec(text)) !== null && match.index < safeEnd; ) {
        const end = match.index + match[0].length
        const mayContinue = !final && end === text.length && match[0].length < MAX_MATCH
        masked += text.slice(at, match.index)
        if (mayContinue) return { masked, upTo: match.index }
        masked += mask.replace('$1', () => match[1] ?? '')
        at = end
      }
    }
    const upTo = Math.max(at, safeEnd)
    return { masked: masked + text.slice(at, upTo), upTo }
  }
}
