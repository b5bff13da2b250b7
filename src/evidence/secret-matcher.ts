/** Where a text has a secret. */
export interface SecretMatch {
  readonly index: number
  readonly length: number
}

/** Forms are found by their first characters. Shorter ones are masked only as separate words. */
const PREFIX = 4
const FILTER_SIZE = 1 << 16

/** Forms with the same first characters, by length. */
interface Bucket {
  /** Longest first. */
  lengths: number[]
  readonly forms: Map<number, Set<string>>
}

/**
 * Finds secrets in text, of any number and size: a regular expression of all of them has limits in both, and its error
 * message would contain them. Reads the text once, and compares only where the first characters of a secret occur.
 */
export class SecretMatcher {
  readonly #buckets = new Map<string, Bucket>()
  readonly #short = new Set<string>()
  /** By a hash of the first characters: most positions of a text need no more. */
  readonly #filter = new Uint8Array(FILTER_SIZE)
  /** By the first character of short forms. */
  readonly #shortFilter = new Uint8Array(FILTER_SIZE)
  #longest = 0

  /** The length of the longest form. */
  get longest(): number {
    return this.#longest
  }

  /** Adds a form that is masked everywhere; one with fewer than 4 characters only as a separate word. */
  add(form: string): void {
    if (form === '') return
    this.#longest = Math.max(this.#longest, form.length)
    if (form.length < PREFIX) {
      this.#short.add(form)
      this.#shortFilter[form.charCodeAt(0)] = 1
      return
    }
    const prefix = form.slice(0, PREFIX)
    const bucket = this.#buckets.get(prefix) ?? { lengths: [], forms: new Map<number, Set<string>>() }
    this.#buckets.set(prefix, bucket)
    const [first, second, third, fourth] = [0, 1, 2, 3].map((at) => form.charCodeAt(at)) as [
      number,
      number,
      number,
      number,
    ]
    this.#filter[hash(first, second, third, fourth)] = 1
    const same = bucket.forms.get(form.length)
    if (same !== undefined) {
      same.add(form)
      return
    }
    bucket.forms.set(form.length, new Set([form]))
    bucket.lengths = [...bucket.lengths, form.length].sort((a, b) => b - a)
  }

  /**
   * The first secret at or after `from`; the longest of those that start there.
   * @param anywhere - find short forms within words, too.
   */
  find(text: string, from = 0, anywhere = false): SecretMatch | undefined {
    if (this.#longest === 0) return undefined
    const filter = this.#filter
    const shortFilter = this.#short.size > 0 ? this.#shortFilter : undefined
    // The next four characters, each read once.
    let first = codeAt(text, from)
    let second = codeAt(text, from + 1)
    let third = codeAt(text, from + 2)
    for (let index = from; index < text.length; index++) {
      const fourth = codeAt(text, index + 3)
      const isCandidate = filter[hash(first, second, third, fourth)] === 1
      first = second
      second = third
      third = fourth
      const length = isCandidate ? this.#longAt(text, index) : 0
      if (length > 0) return { index, length }
      if (shortFilter?.[text.charCodeAt(index)] !== 1) continue
      const shortLength = this.#shortAt(text, index, anywhere)
      if (shortLength > 0) return { index, length: shortLength }
    }
    return undefined
  }

  /** Where the end of a text may be the start of a secret, which continues in the next one; otherwise its length. */
  openEnd(text: string): number {
    for (let index = Math.max(0, text.length - this.#longest); index < text.length; index++)
      if (this.#mayStart(text.slice(index))) return index
    return text.length
  }

  #mayStart(end: string): boolean {
    const isStart = (form: string): boolean => form.length > end.length && form.startsWith(end)
    if (end.length < PREFIX) return [...this.#short, ...this.#buckets.keys()].some(isStart)
    const bucket = this.#buckets.get(end.slice(0, PREFIX))
    return bucket !== undefined && [...bucket.forms.values()].some((forms) => [...forms].some(isStart))
  }

  /** A copy with `mask` in place of each secret. */
  replace(text: string, mask: string): string {
    let masked = ''
    let at = 0
    for (let match = this.find(text); match !== undefined; match = this.find(text, at)) {
      masked += text.slice(at, match.index) + mask
      at = match.index + match.length
    }
    return at === 0 ? text : masked + text.slice(at)
  }

  #longAt(text: string, index: number): number {
    const bucket = this.#buckets.get(text.slice(index, index + PREFIX))
    if (bucket === undefined) return 0
    for (const length of bucket.lengths) {
      if (index + length > text.length) continue
      const forms = bucket.forms.get(length)
      // Comparing stops at the first difference; looking up reads the whole length.
      if (forms?.size === 1) {
        for (const form of forms) if (text.startsWith(form, index)) return length
      } else if (forms?.has(text.slice(index, index + length))) return length
    }
    return 0
  }

  #shortAt(text: string, index: number, anywhere: boolean): number {
    if (!anywhere && isWordBefore(text, index)) return 0
    for (let length = PREFIX - 1; length > 0; length--) {
      const isInText = index + length <= text.length
      if (isInText && this.#short.has(text.slice(index, index + length))) {
        if (anywhere || !isWordAt(text, index + length)) return length
      }
    }
    return 0
  }
}

/** 0 past the end, where charCodeAt would return NaN and make the arithmetic slow. */
const codeAt = (text: string, index: number): number => (index < text.length ? text.charCodeAt(index) : 0)

const hash = (first: number, second: number, third: number, fourth: number): number =>
  (first ^ (second << 3) ^ (third << 6) ^ (fourth << 9)) & (FILTER_SIZE - 1)

const WORD = /^[\p{L}\p{N}_]/u

function isWordAt(text: string, index: number): boolean {
  const point = text.codePointAt(index)
  return point !== undefined && WORD.test(String.fromCodePoint(point))
}

function isWordBefore(text: string, index: number): boolean {
  if (index === 0) return false
  const isPair = index > 1 && (text.codePointAt(index - 2) ?? 0) > 0xffff
  return isWordAt(text, isPair ? index - 2 : index - 1)
}
