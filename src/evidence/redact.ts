import type { RunEvent } from '../run/events.ts'
import { RECORDED } from '../run/output.ts'
import { knownSecrets, secretCount } from '../values/secret.ts'
import { anyOf, asBytes, jsonTest, secretForms, secretPattern } from './forms.ts'
import { maskStream, type MaskedStream, type Rule } from './mask-stream.ts'
import { mapStrings } from './strings.ts'

const MASK = '[REDACTED]'

/** Patterns of secrets that are not registered. `sign` is a cheap test that most texts fail. */
const PATTERNS: readonly Required<Rule>[] = [
  { sign: 'SWMTKN-', pattern: /SWMTKN-\d+-[0-9a-z]+(?:-[0-9a-z]+)*/gi, mask: MASK },
  {
    sign: 'PRIVATE KEY-----',
    // The end may be missing; in JSON a line break is the two characters \n.
    pattern:
      /(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(?:[A-Za-z0-9+/=\s:,.-]|\\[nrt])+?(?=-----END|$|[^A-Za-z0-9+/=\s:,.\\-])/g,
    mask: `$1${MASK}`,
  },
  {
    sign: 'uthorization',
    pattern: /(authorization\\?["']?\s*[:=]\s*\\?["']?(?:basic|bearer)\s+)[^\s"'\\,;]+/gi,
    mask: `$1${MASK}`,
  },
  { sign: '://', pattern: /([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]*:)[^\s/"'<>]+(?=@)/gi, mask: `$1${MASK}` },
]

/** The usual maximum length of such a secret; a long output may be truncated in the middle of one. */
const MAX_PATTERN_LENGTH = 16 * 1024
const LEFT_OUT = ' bytes left out'

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
  maySee(json: string): boolean {
    this.#refresh()
    return this.#test?.test(json) ?? true
  }

  /** Masks an event; one without a secret is returned itself, not a copy. */
  event(event: RunEvent): RunEvent {
    this.#refresh()
    return mapStrings(event, (text) => this.#mask(text))
  }

  text(text: string): string {
    this.#refresh()
    return this.#mask(text)
  }

  /** Masks a byte stream, whatever its chunks. All other bytes pass unchanged; see {@link maskStream}. */
  stream(put: (bytes: Buffer) => void): MaskedStream {
    this.#refresh()
    const secrets = this.#bytePattern === null ? [] : [{ pattern: this.#bytePattern, mask: MASK }]
    return maskStream({
      rules: [...secrets, ...PATTERNS],
      suspect: this.#byteTest,
      longest: Math.max(this.#longest, MAX_PATTERN_LENGTH),
      put,
    })
  }

  #mask(text: string): string {
    let masked = this.#pattern === null ? text : text.replace(this.#pattern, MASK)
    for (const rule of PATTERNS) {
      if (masked.includes(rule.sign)) masked = masked.replace(rule.pattern, rule.mask)
    }
    return text.length > RECORDED / 4 && masked.includes(LEFT_OUT) ? this.#trimEdges(masked) : masked
  }

  /** A truncated output may end with half a secret on either side, which no pattern matches. */
  #trimEdges(text: string): string {
    const margin = Math.max(this.#longest, MAX_PATTERN_LENGTH)
    const note = /\n\[\.\.\. (\d+)( bytes left out[^\n]*\]\n)/.exec(text)
    if (note === null) return text
    const [head, tail] = [text.slice(0, note.index), text.slice(note.index + note[0].length)]
    const bytes = Number(note[1]) + Buffer.byteLength(head.slice(-margin)) + Buffer.byteLength(tail.slice(0, margin))
    return `${head.slice(0, -margin)}\n[... ${bytes}${note[2]}${tail.slice(margin)}`
  }

  #refresh(): void {
    if (secretCount() === this.#size) return
    this.#size = secretCount()
    const forms = secretForms(knownSecrets())
    const bytes = asBytes(forms)
    this.#pattern = secretPattern(forms)
    this.#bytePattern = secretPattern(bytes)
    const signs = PATTERNS.map(({ sign }) => sign)
    this.#test = jsonTest(forms, [...signs, LEFT_OUT])
    this.#byteTest = anyOf([...bytes.long, ...bytes.short, ...signs])
    this.#longest = Math.max(0, ...[...bytes.long, ...bytes.short].map((form) => form.length))
  }
}
