/**
 * A secret with fewer characters is masked only as a separate word: masked everywhere it would make text unreadable.
 */
const MIN_LENGTH = 4
/** Shorter lines of a secret also occur elsewhere: `}` or `yes`. */
const MIN_LINE_LENGTH = 8
/** The part of a longer base64 text that depends on the secret alone; shorter parts match by chance. */
const MIN_INNER_BASE64_LENGTH = 10

/** Longer secrets are also searched for in pieces: a part of one in a shortened output is masked, too. */
const MAX_PIECE = 1024
/** Longer secrets are searched for in pieces only: a stream would hold back as much. */
const MAX_WHOLE = 64 * 1024

/** What to search for to find a secret: all its encodings; itself only if it is shorter than 4 characters. */
export function formsOf(secret: string): readonly string[] {
  if (secret.length < MIN_LENGTH) return [secret]
  const pieces = piecesOf(secret)
  const texts = pieces.length === 1 || secret.length > MAX_WHOLE ? pieces : [secret, ...pieces]
  return [...new Set(texts.flatMap(encodingsOf))]
}

/** Cuts between characters; the last piece is not shorter than half of the others. */
function piecesOf(text: string): string[] {
  const pieces: string[] = []
  let at = 0
  while (text.length - at > 1.5 * MAX_PIECE) {
    const isPair = (text.codePointAt(at + MAX_PIECE - 1) ?? 0) > 0xffff
    const end = at + MAX_PIECE + (isPair ? 1 : 0)
    pieces.push(text.slice(at, end))
    at = end
  }
  return [...pieces, text.slice(at)]
}

/** The form in the JSON of an event. */
export const inJson = (form: string): string => JSON.stringify(form).slice(1, -1)

/** The form as UTF-8 bytes decoded as `latin1`. */
export const asLatin1 = (form: string): string => Buffer.from(form).toString('latin1')

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
