/**
 * A secret with fewer characters is masked only as a separate word: masked everywhere it would make text unreadable.
 */
const MIN_LENGTH = 4
/** Shorter lines of a secret also occur elsewhere: `}` or `yes`. */
const MIN_LINE_LENGTH = 8
/** The part of a longer base64 text that depends on the secret alone; shorter parts match by chance. */
const MIN_INNER_BASE64_LENGTH = 10

/** Encodings of secrets to search for, longest first, so that one that contains another is masked completely. */
export interface SecretEncodings {
  /** Each secret in all encodings: masked everywhere. */
  readonly long: readonly string[]
  /** Masked only as a separate word. */
  readonly short: readonly string[]
}

export function secretEncodings(secrets: readonly string[]): SecretEncodings {
  const long = new Set<string>()
  const short = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < MIN_LENGTH) short.add(secret)
    else for (const form of encodingsOf(secret)) long.add(form)
  }
  const longestFirst = (forms: Iterable<string>): string[] => [...forms].sort((a, b) => b.length - a.length)
  return { long: longestFirst(long), short: longestFirst(short) }
}

/** A pattern for all secrets; null if there are none. */
export function secretPattern({ long, short }: SecretEncodings): RegExp | null {
  const alternatives = [
    ...long.map(escapePattern),
    ...short.map((secret) => `(?<![\\p{L}\\p{N}_])${escapePattern(secret)}(?![\\p{L}\\p{N}_])`),
  ]
  return alternatives.length === 0 ? null : new RegExp(alternatives.join('|'), short.length > 0 ? 'gu' : 'g')
}

/** The same secrets as UTF-8 bytes decoded as `latin1`. */
export function asLatin1({ long, short }: SecretEncodings): SecretEncodings {
  const bytes = (form: string): string => Buffer.from(form).toString('latin1')
  return { long: long.map(bytes), short: short.map(bytes) }
}

/**
 * A fast test for an entire event: matches JSON that may contain one of the secrets or words in a string. null if there
 * is no such test.
 */
export function jsonPattern({ long, short }: SecretEncodings, words: readonly string[]): RegExp | null {
  const texts = [...long, ...short, ...words]
  // JSON escapes a lone surrogate depending on its neighbours.
  if (texts.some((text) => /\p{Surrogate}/u.test(text))) return null
  return anyOf(texts.map((text) => JSON.stringify(text).slice(1, -1)))
}

/** Matches any of the texts; there must be at least one. */
export const anyOf = (texts: readonly string[]): RegExp => new RegExp([...new Set(texts)].map(escapePattern).join('|'))

/** All encodings of a secret, and of each of its lines if it has several. */
export function encodingsOf(secret: string): string[] {
  return [secret, ...linesOf(secret)].flatMap((text) => [...textForms(text), ...base64Forms(text)])
}

function linesOf(secret: string): string[] {
  if (!secret.includes('\n')) return []
  // PEM headers are not secret, and masking them would mask every certificate.
  return secret
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= MIN_LINE_LENGTH && !/^-----(BEGIN|END) .*-----$/.test(line))
}

function textForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const url = encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\uFFFD'))
  const strictUrl = url.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const plain = [
    text,
    json,
    // Go, and so Docker, also escapes these for HTML; Python escapes all non-ASCII characters; PHP the slash.
    json.replace(/[<>&\u2028\u2029]/g, unicodeEscape),
    json.replace(/[^\0-\x7F]/g, unicodeEscape),
    json.replaceAll('/', '\\/'),
  ]
  return [
    ...plain,
    // Shell-quoted: a script may contain JSON.
    ...plain.map((form) => form.replaceAll("'", `'\\''`)),
    ...[url, strictUrl, url.replaceAll('%2F', '/'), strictUrl.replaceAll('%2F', '/')].flatMap((form) => [
      form,
      form.replaceAll('%20', '+'),
      form.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    ]),
  ]
}

const unicodeEscape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`

/** The output of `echo secret | base64` and `printf secret | base64`, and the part of a longer text: `user:secret`. */
function base64Forms(text: string): string[] {
  const complete = [text, `${text}\n`].map((value) => Buffer.from(value).toString('base64'))
  const inner = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor((bytes.length * 8) / 6)
    return bytes.toString('base64').slice(first, last)
  })
  const forms = [
    ...complete,
    ...complete.map((form) => form.replace(/=+$/, '')),
    ...inner.filter((form) => form.length >= MIN_INNER_BASE64_LENGTH),
  ]
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))]
}

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
