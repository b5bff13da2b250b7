import type { SecretMatcher } from './secret-matcher.ts'

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
  /** In bytes decoded as `latin1`. */
  readonly secrets: SecretMatcher
  /** In place of each secret. */
  readonly mask: string
  readonly rules: readonly Required<MaskRule>[]
  /** The maximum length of a match that may span two chunks. */
  readonly maxMatchLength: number
  /** Receives masked bytes, which are valid until it returns. The end is held back until the next bytes arrive. */
  readonly onMasked: (bytes: Buffer) => void
}

/** Masks a byte stream with the same result as masking all of it at once, rule by rule. */
export function maskStream({
  secrets,
  mask,
  rules,
  maxMatchLength: longest,
  onMasked: put,
}: MaskOptions): MaskedStream {
  const stages = [
    new Stage((text, from) => found(secrets, mask, text, from), longest),
    ...rules.map((rule) => new Stage((text, from) => ruleMatch(rule, text, from), longest)),
  ]
  const isClean = (text: string): boolean =>
    secrets.find(text, 0, true) === undefined && !rules.some(({ marker }) => text.includes(marker))
  // One buffer for all chunks: the garbage of many would dominate memory use.
  const buffer = Buffer.allocUnsafe(longest + CHUNK)
  let length = 0
  let clean = true
  const flow = (final: boolean): void => {
    // One character per byte: lossless for any encoding, and fast to search.
    let text = buffer.toString('latin1', 0, length)
    // Until one is found, bytes pass unchanged, which costs a tenth.
    clean &&= isClean(text)
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

/** A match, and what replaces it. */
interface Match {
  readonly index: number
  readonly length: number
  readonly mask: string
}

type Find = (text: string, from: number) => Match | undefined

function found(secrets: SecretMatcher, mask: string, text: string, from: number): Match | undefined {
  const match = secrets.find(text, from)
  return match && { ...match, mask }
}

function ruleMatch({ pattern, mask, marker }: Required<MaskRule>, text: string, from: number): Match | undefined {
  if (!text.includes(marker)) return undefined
  pattern.lastIndex = from
  const match = pattern.exec(text)
  if (match === null) return undefined
  return { index: match.index, length: match[0].length, mask: mask.replace('$1', () => match[1] ?? '') }
}

/** Masks the matches of one kind in a stream. */
class Stage {
  readonly #find: Find
  readonly #longest: number
  #held = ''
  /** The character before the held text, for lookbehind. */
  #before = ''

  constructor(find: Find, longest: number) {
    this.#find = find
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
    let masked = ''
    let at = from
    for (let match; (match = this.#find(text, at)) !== undefined && match.index < safeEnd; ) {
      const end = match.index + match.length
      const mayContinue = !final && end === text.length && match.length < MAX_MATCH
      masked += text.slice(at, match.index)
      if (mayContinue) return { masked, upTo: match.index }
      masked += match.mask
      at = end
    }
    const upTo = Math.max(at, safeEnd)
    return { masked: masked + text.slice(at, upTo), upTo }
  }
}
