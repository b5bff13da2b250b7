/** Below this many characters a secret is masked only as a whole word: everywhere it would shred the text. */
const SHORT = 4
/** A line of a secret shorter than this is likely a word that occurs by itself: `}` or `yes`. */
const SHORTEST_LINE = 8
/**
 * The part of a longer base64 text that a secret alone decides: below this it would be too short to be a sign of it.
 */
const SHORTEST_INNER_BASE64 = 10

/** Secrets as patterns look for them, longest first, so that a form that contains another is masked whole. */
export interface SecretForms {
  /** Each in all forms it takes on its way: masked wherever it stands. */
  readonly long: readonly string[]
  /** Masked only as a word of its own. */
  readonly short: readonly string[]
}

export function secretForms(secrets: readonly string[]): SecretForms {
  const long = new Set<string>()
  const short = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < SHORT) short.add(secret)
    else for (const form of formsOf(secret)) long.add(form)
  }
  const longestFirst = (forms: Iterable<string>): string[] => [...forms].sort((a, b) => b.length - a.length)
  return { long: longestFirst(long), short: longestFirst(short) }
}

/** One pattern for all secrets, or null when there are none. */
export function secretPattern({ long, short }: SecretForms): RegExp | null {
  const alternatives = [
    ...long.map(escapePattern),
    ...short.map((secret) => `(?<![\\p{L}\\p{N}_])${escapePattern(secret)}(?![\\p{L}\\p{N}_])`),
  ]
  return alternatives.length === 0 ? null : new RegExp(alternatives.join('|'), short.length > 0 ? 'gu' : 'g')
}

/** The same secrets in text whose characters are the bytes of UTF-8, as `latin1` reads them. */
export function asBytes({ long, short }: SecretForms): SecretForms {
  const bytes = (form: string): string => Buffer.from(form).toString('latin1')
  return { long: long.map(bytes), short: short.map(bytes) }
}

/**
 * Matches where JSON may hold one of the secrets or one of the words inside a string, and where it cannot, does not
 * match: a quick test for a whole event. null where no such test can be made.
 */
export function jsonTest({ long, short }: SecretForms, words: readonly string[]): RegExp | null {
  const texts = [...long, ...short, ...words]
  // Half a character is escaped in JSON or not, as its neighbours are.
  if (texts.some((text) => /\p{Surrogate}/u.test(text))) return null
  return anyOf(texts.map((text) => JSON.stringify(text).slice(1, -1)))
}

/** Matches where one of the texts stands; there must be one. */
export const anyOf = (texts: readonly string[]): RegExp => new RegExp([...new Set(texts)].map(escapePattern).join('|'))

/** All forms of a secret: of itself, and of each of its lines where it has several. */
export function formsOf(secret: string): string[] {
  return [secret, ...linesOf(secret)].flatMap((text) => [...textForms(text), ...base64Forms(text)])
}

function linesOf(secret: string): string[] {
  if (!secret.includes('\n')) return []
  // The frame of a PEM block is no secret, and masking it would hide every certificate.
  return secret
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !/^-----(BEGIN|END) .*-----$/.test(line))
}

function textForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const url = encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD'))
  const strictUrl = url.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const plain = [
    text,
    json,
    // Go, and so Docker, also escapes these for HTML; Python escapes all that is not ASCII; PHP the slash.
    json.replace(/[<>&\u2028\u2029]/g, unicodeEscape),
    json.replace(/[^\0-\x7F]/g, unicodeEscape),
    json.replaceAll('/', '\\/'),
  ]
  return [
    ...plain,
    // In a word of the shell: a script may well hold JSON.
    ...plain.map((form) => form.replaceAll("'", `'\\''`)),
    ...[url, strictUrl, url.replaceAll('%2F', '/'), strictUrl.replaceAll('%2F', '/')].flatMap((form) => [
      form,
      form.replaceAll('%20', '+'),
      form.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    ]),
  ]
}

const unicodeEscape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * As `echo secret | base64` and `printf secret | base64` have it, and as it looks inside a longer text such as
 * `user:secret`.
 */
function base64Forms(text: string): string[] {
  const whole = [text, `${text}\n`].map((value) => Buffer.from(value).toString('base64'))
  const inner = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor((bytes.length * 8) / 6)
    return bytes.toString('base64').slice(first, last)
  })
  const forms = [
    ...whole,
    ...whole.map((form) => form.replace(/=+$/, '')),
    ...inner.filter((form) => form.length >= SHORTEST_INNER_BASE64),
  ]
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))]
}

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
