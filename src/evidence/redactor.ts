import type { RunEvent } from '../events/events.ts'
import { RECORD_LIMIT_BYTES, TRUNCATION_SIGN, widenTruncation } from '../events/truncated-text.ts'
import { MASK, secretCount, secretsSince } from '../values/secret.ts'
import { asLatin1, formsOf, inJson } from './secret-encodings.ts'
import { SecretMatcher } from './secret-matcher.ts'
import { maskStream, type MaskedStream, type MaskRule } from './mask-stream.ts'
import { mapStrings } from './map-strings.ts'

/** Patterns of secrets that are not registered. `sign` is a cheap test that most texts fail. */
const PATTERNS: readonly Required<MaskRule>[] = [
  { marker: 'SWMTKN-', pattern: /SWMTKN-\d+-[0-9a-z]+(?:-[0-9a-z]+)*/gi, mask: MASK },
  {
    marker: 'PRIVATE KEY-----',
    // The end may be missing; in JSON a line break is the two characters \n.
    pattern:
      /(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(?:[A-Za-z0-9+/=\s:,.-]|\\[nrt])+?(?=-----END|$|[^A-Za-z0-9+/=\s:,.\\-])/g,
    mask: `$1${MASK}`,
  },
  {
    marker: 'uthorization',
    pattern: /(authorization\\?["']?\s*[:=]\s*\\?["']?(?:basic|bearer)\s+)[^\s"'\\,;]+/gi,
    mask: `$1${MASK}`,
  },
  { marker: '://', pattern: /([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]*:)[^\s/"'<>]+(?=@)/gi, mask: `$1${MASK}` },
]

/** The usual maximum length of such a secret; a long output may be truncated in the middle of one. */
const MAX_PATTERN_LENGTH = 16 * 1024

/** Each text that needs masking, other than by secrets, has one of these. */
const SIGNS = [...PATTERNS.map(({ marker }) => marker), TRUNCATION_SIGN]

/** Secrets could not be masked, so nothing was written. */
export class MaskingFailed extends Error {
  override readonly name = 'MaskingFailed'

  constructor() {
    super('secrets could not be masked: nothing that may contain one is written. Please report this as a bug')
  }
}

/**
 * Masks secrets: the values of all Secret objects, in several encodings (shell-quoted, JSON, URL, base64, single
 * lines), and patterns: Swarm join tokens, private keys, `Authorization` headers, passwords in URLs.
 *
 * A secret with fewer than 4 characters is masked only as a separate word, and not in encodings: masked everywhere it
 * would make text unreadable. Use longer secrets.
 */
export class Redactor {
  #count = 0
  /** In texts. */
  readonly #texts = new SecretMatcher()
  /** In the JSON of events. */
  readonly #json = new SecretMatcher()
  /** In bytes decoded as `latin1`. */
  readonly #bytes = new SecretMatcher()
  /** JSON escapes a lone surrogate depending on its neighbours: then every event is masked. */
  #hasLoneSurrogate = false

  /** Whether an event's JSON may contain a secret; much cheaper than masking, and most do not. */
  mayContainSecret(json: string): boolean {
    this.#refresh()
    return this.#hasLoneSurrogate || SIGNS.some((sign) => json.includes(sign)) || isFound(this.#json, json)
  }

  /** Masks an event; one without a secret is returned itself, not a copy. @throws {MaskingFailed} */
  maskEvent(event: RunEvent): RunEvent {
    return this.#safely(() => mapStrings(event, (text) => this.#mask(text)))
  }

  /** @throws {MaskingFailed} */
  maskText(text: string): string {
    return this.#safely(() => this.#mask(text))
  }

  /** Masks a byte stream, whatever its chunks. All other bytes pass unchanged; see {@link maskStream}. */
  maskStream(put: (bytes: Buffer) => void): MaskedStream {
    this.#refresh()
    return maskStream({
      secrets: this.#bytes,
      mask: MASK,
      rules: PATTERNS,
      maxMatchLength: Math.max(this.#bytes.longest, MAX_PATTERN_LENGTH),
      onMasked: put,
    })
  }

  /**
   * Where the end of a text may be part of a secret that continues; otherwise the length of the text.
   * @throws {MaskingFailed}
   */
  openSecret(text: string): number {
    return this.#safely(() => Math.min(this.#texts.openEnd(text), openPattern(text)))
  }

  /**
   * How many of its first characters are lines that can be masked without those that follow.
   * @throws {MaskingFailed}
   */
  completeLines(text: string): number {
    const end = text.lastIndexOf('\n') + 1
    const open = this.openSecret(text.slice(0, end))
    let cut = open === end ? end : lineStart(text, open)
    // A secret that spans the cut is not masked in either part.
    for (let at = 0; ; ) {
      const match = this.#texts.find(text, at)
      if (match === undefined || match.index >= cut) return cut
      at = match.index + match.length
      if (at <= cut) continue
      cut = lineStart(text, match.index)
      at = 0
    }
  }

  /** An error here must not show what was to be masked: neither its message nor its cause is passed on. */
  #safely<T>(mask: () => T): T {
    try {
      this.#refresh()
      return mask()
    } catch {
      throw new MaskingFailed()
    }
  }

  #mask(text: string): string {
    let masked = this.#texts.replace(text, MASK)
    for (const rule of PATTERNS) {
      if (masked.includes(rule.marker)) masked = masked.replace(rule.pattern, rule.mask)
    }
    // A truncated output may end with half a secret on either side, which no pattern matches.
    return text.length > RECORD_LIMIT_BYTES / 4 && masked.includes(TRUNCATION_SIGN)
      ? widenTruncation(masked, Math.max(this.#texts.longest, MAX_PATTERN_LENGTH))
      : masked
  }

  #refresh(): void {
    if (secretCount() === this.#count) return
    for (const secret of secretsSince(this.#count)) {
      for (const form of formsOf(secret)) {
        this.#texts.add(form)
        this.#json.add(inJson(form))
        this.#bytes.add(asLatin1(form))
        this.#hasLoneSurrogate ||= /\p{Surrogate}/u.test(form)
      }
    }
    this.#count = secretCount()
  }
}

/** Where a private key starts that has no end yet, or a line without line break that has a sign of a pattern. */
function openPattern(text: string): number {
  const key = text.search(/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?![\s\S]*-----END )/)
  const lastLine = text.lastIndexOf('\n') + 1
  const last = text.slice(lastLine)
  const hasSign = PATTERNS.some(({ marker }) => last.includes(marker))
  const header = text.search(/authorization\\?["']?\s*(?:[:=]\s*(?:\\?["']?(?:basic|bearer)\s*)?)?$/i)
  return Math.min(
    key === -1 ? text.length : key,
    header === -1 ? text.length : header,
    hasSign ? lastLine : text.length,
  )
}

const lineStart = (text: string, index: number): number => (index === 0 ? 0 : text.lastIndexOf('\n', index - 1) + 1)

/** A short secret may follow an escaped character of JSON, such as `\n`. */
const isFound = (matcher: SecretMatcher, json: string): boolean => matcher.find(json, 0, true) !== undefined
