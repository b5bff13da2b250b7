import type { RunEvent } from '../events/events.ts'
import { RECORD_LIMIT_BYTES, TRUNCATION_SIGN, widenTruncation } from '../events/truncated-text.ts'
import { knownSecrets, secretCount } from '../values/secret.ts'
import { anyOf, asLatin1, jsonPattern, secretEncodings, secretPattern } from './secret-encodings.ts'
import { maskStream, type MaskedStream, type MaskRule } from './mask-stream.ts'
import { mapStrings } from './map-strings.ts'

const MASK = '[REDACTED]'

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

/**
 * Masks secrets: the values of all Secret objects, in several encodings (shell-quoted, JSON, URL, base64, single
 * lines), and patterns: Swarm join tokens, private keys, `Authorization` headers, passwords in URLs.
 *
 * A secret with fewer than 4 characters is masked only as a separate word, and not in encodings: masked everywhere it
 * would make text unreadable. Use longer secrets.
 */
export class Redactor {
  #size = -1
  #pattern: RegExp | null = null
  #bytePattern: RegExp | null = null
  #test: RegExp | null = null
  #byteTest = /(?:)/
  #longest = 0

  /** Whether an event's JSON may contain a secret; much cheaper than masking, and most do not. */
  mayContainSecret(json: string): boolean {
    this.#refresh()
    return this.#test?.test(json) ?? true
  }

  /** Masks an event; one without a secret is returned itself, not a copy. */
  maskEvent(event: RunEvent): RunEvent {
    this.#refresh()
    return mapStrings(event, (text) => this.#mask(text))
  }

  maskText(text: string): string {
    this.#refresh()
    return this.#mask(text)
  }

  /** Masks a byte stream, whatever its chunks. All other bytes pass unchanged; see {@link maskStream}. */
  maskStream(put: (bytes: Buffer) => void): MaskedStream {
    this.#refresh()
    const secrets = this.#bytePattern === null ? [] : [{ pattern: this.#bytePattern, mask: MASK }]
    return maskStream({
      rules: [...secrets, ...PATTERNS],
      quickTest: this.#byteTest,
      maxMatchLength: Math.max(this.#longest, MAX_PATTERN_LENGTH),
      onMasked: put,
    })
  }

  #mask(text: string): string {
    let masked = this.#pattern === null ? text : text.replace(this.#pattern, MASK)
    for (const rule of PATTERNS) {
      if (masked.includes(rule.marker)) masked = masked.replace(rule.pattern, rule.mask)
    }
    return text.length > RECORD_LIMIT_BYTES / 4 && masked.includes(TRUNCATION_SIGN) ? this.#trimEdges(masked) : masked
  }

  /** A truncated output may end with half a secret on either side, which no pattern matches. */
  #trimEdges(text: string): string {
    const margin = Math.max(this.#longest, MAX_PATTERN_LENGTH)
    return widenTruncation(text, margin)
  }

  #refresh(): void {
    if (secretCount() === this.#size) return
    this.#size = secretCount()
    const forms = secretEncodings(knownSecrets())
    const bytes = asLatin1(forms)
    this.#pattern = secretPattern(forms)
    this.#bytePattern = secretPattern(bytes)
    const signs = PATTERNS.map(({ marker: sign }) => sign)
    this.#test = jsonPattern(forms, [...signs, TRUNCATION_SIGN])
    this.#byteTest = anyOf([...bytes.long, ...bytes.short, ...signs])
    this.#longest = Math.max(0, ...[...bytes.long, ...bytes.short].map((form) => form.length))
  }
}
