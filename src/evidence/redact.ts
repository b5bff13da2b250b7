import type { RunEvent } from '../run/events.ts'
import { knownSecrets } from '../values/secret.ts'
import { secretPattern } from './forms.ts'
import { mapStrings } from './strings.ts'

const MASK = '[REDACTED]'

/** Secrets known by their look, though nobody registered them. `sign` is a cheap test that most texts fail. */
const SHAPES: readonly { readonly sign: string; readonly pattern: RegExp; readonly mask: string }[] = [
  { sign: 'SWMTKN-', pattern: /SWMTKN-\d+-[0-9a-z]+(?:-[0-9a-z]+)*/gi, mask: MASK },
  {
    sign: 'PRIVATE KEY-----',
    // The end may be cut off; a block in JSON has \n as two characters.
    pattern: /(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(?:[A-Za-z0-9+/=\s:,.-]|\\[nrt])+?(?=-----END|$|[^A-Za-z0-9+/=\s:,.\\-])/g,
    mask: `$1${MASK}`,
  },
  { sign: 'uthorization', pattern: /(authorization\\?["']?\s*[:=]\s*\\?["']?(?:basic|bearer)\s+)[^\s"'\\,;]+/gi, mask: `$1${MASK}` },
  { sign: '://', pattern: /([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]*:)[^\s/"'<>]+(?=@)/gi, mask: `$1${MASK}` },
]

/**
 * Makes the function that masks secrets in events: all values ever held by a Secret, in the forms they take on the way
 * (shell-quoted, JSON, URL, base64, single lines), and what looks like a secret: Swarm join tokens, private keys,
 * `Authorization` headers, passwords in URLs.
 *
 * A secret of less than 4 characters is masked only where it stands as a word of its own, and not in encoded forms:
 * masked everywhere it would shred the text. Choose longer ones.
 *
 * An event without a secret is returned as it is, not copied.
 */
export function redactor(): (event: RunEvent) => RunEvent {
  let size = -1
  let pattern: RegExp | null = null
  const mask = (text: string): string => {
    let masked = pattern === null ? text : text.replace(pattern, MASK)
    for (const shape of SHAPES) {
      if (masked.includes(shape.sign)) masked = masked.replace(shape.pattern, shape.mask)
    }
    return masked
  }
  return (event) => {
    const secrets = knownSecrets()
    if (secrets.length !== size) {
      size = secrets.length
      pattern = secretPattern(secrets)
    }
    return mapStrings(event, mask)
  }
}
