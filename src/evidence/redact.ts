import type { RunEvent } from '../run/events.ts'
import { RECORDED } from '../run/output.ts'
import { knownSecrets, secretCount } from '../values/secret.ts'
import { anyOf, asBytes, jsonTest, secretForms, secretPattern } from './forms.ts'
import { maskStream, type MaskedStream, type Rule } from './mask-stream.ts'
import { mapStrings } from './strings.ts'

const MASK = '[REDACTED]'

/** Secrets known by their look, though nobody registered them. `sign` is a cheap test that most texts fail. */
const SHAPES: readonly Required<Rule>[] = [
  { sign: 'SWMTKN-', pattern: /SWMTKN-\d+-[0-9a-z]+(?:-[0-9a-z]+)*/gi, mask: MASK },
  {
    sign: 'PRIVATE KEY-----',
    // The end may be cut off; a block in JSON has \n as two characters.
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

/** What looks like a secret is rarely longer than this; a long output may be cut in the middle of one. */
const LONGEST_SHAPE = 16 * 1024
const LEFT_OUT = ' bytes left out'

/**
 * Masks secrets: all values ever held by a Secret, in the forms they take on the way (shell-quoted, JSON, URL, base64,
 * single lines), and what looks like a secret: Swarm join tokens, private keys, `Authorization` headers, passwords in
 * URLs.
 *
 * A secret of less than 4 characters is masked only where it stands as a word of its own, and not in encoded forms:
 * masked everywhere it would shred the text. Choose longer ones.
 */
export class Redactor {
  #size = -1
  #pattern: RegExp | null = null
  #bytePattern: RegExp | null = null
  #test: RegExp | null = null
  #byteTest = /(?:)/
  #longest = 0

  /** Whether the event with this JSON may hold a secret; most do not, and this costs much less than to mask them. */
  maySee(json: string): boolean {
    this.#refresh()
    return this.#test?.test(json) ?? true
  }

  /** An event without a secret is returned as it is, not copied. */
  event(event: RunEvent): RunEvent {
    this.#refresh()
    return mapStrings(event, (text) => this.#mask(text))
  }

  text(text: string): string {
    this.#refresh()
    return this.#mask(text)
  }

  /**
   * Masks bytes that come in pieces, wherever they are cut. What is no secret comes out byte for byte; see
   * {@link maskStream}.
   */
  stream(put: (bytes: Buffer) => void): MaskedStream {
    this.#refresh()
    const secrets = this.#bytePattern === null ? [] : [{ pattern: this.#bytePattern, mask: MASK }]
    return maskStream({
      rules: [...secrets, ...SHAPES],
      suspect: this.#byteTest,
      longest: Math.max(this.#longest, LONGEST_SHAPE),
      put,
    })
  }

  #mask(text: string): string {
    let masked = this.#pattern === null ? text : text.replace(this.#pattern, MASK)
    for (const shape of SHAPES) {
      if (masked.includes(shape.sign)) masked = masked.replace(shape.pattern, shape.mask)
    }
    return text.length > RECORDED / 4 && masked.includes(LEFT_OUT) ? this.#trimEdges(masked) : masked
  }

  /** Where a long output was cut, the half of a secret may stand on either side: no pattern knows it. */
  #trimEdges(text: string): string {
    const most = Math.max(this.#longest, LONGEST_SHAPE)
    const note = /\n\[\.\.\. (\d+)( bytes left out[^\n]*\]\n)/.exec(text)
    if (note === null) return text
    const [head, tail] = [text.slice(0, note.index), text.slice(note.index + note[0].length)]
    const bytes = Number(note[1]) + Buffer.byteLength(head.slice(-most)) + Buffer.byteLength(tail.slice(0, most))
    return `${head.slice(0, -most)}\n[... ${bytes}${note[2]}${tail.slice(most)}`
  }

  #refresh(): void {
    if (secretCount() === this.#size) return
    this.#size = secretCount()
    const forms = secretForms(knownSecrets())
    const bytes = asBytes(forms)
    this.#pattern = secretPattern(forms)
    this.#bytePattern = secretPattern(bytes)
    const signs = SHAPES.map(({ sign }) => sign)
    this.#test = jsonTest(forms, [...signs, LEFT_OUT])
    this.#byteTest = anyOf([...bytes.long, ...bytes.short, ...signs])
    this.#longest = Math.max(0, ...[...bytes.long, ...bytes.short].map((form) => form.length))
  }
}
