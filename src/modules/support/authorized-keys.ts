const KEY_TYPES = new Set([
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'sk-ecdsa-sha2-nistp256-cert-v01@openssh.com',
  'webauthn-sk-ecdsa-sha2-nistp256@openssh.com',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp256-cert-v01@openssh.com',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp384-cert-v01@openssh.com',
  'ecdsa-sha2-nistp521',
  'ecdsa-sha2-nistp521-cert-v01@openssh.com',
  'sk-ssh-ed25519@openssh.com',
  'sk-ssh-ed25519-cert-v01@openssh.com',
  'ssh-ed25519',
  'ssh-ed25519-cert-v01@openssh.com',
  'ssh-dss',
  'ssh-rsa',
  'ssh-xmss@openssh.com',
  'ssh-xmss-cert-v01@openssh.com',
  'rsa-sha2-256',
  'rsa-sha2-512',
  'ssh-rsa-cert-v01@openssh.com',
  'rsa-sha2-256-cert-v01@openssh.com',
  'rsa-sha2-512-cert-v01@openssh.com',
  'ssh-dss-cert-v01@openssh.com',
])

type Options = readonly (readonly [name: string, value: string | null])[]

/** A line of authorized_keys. */
interface Line {
  /** The key, or the text of a line that has none. */
  readonly id: string
  /** undefined: a comment, an empty line, or something else that stays as it is. */
  readonly type: string | undefined
  readonly options: Options
  readonly comment: string
}

/** Parameters of `authorized_key`. */
export interface KeyEdit {
  readonly state: 'present' | 'absent'
  /** Public keys, one a line. */
  readonly key: string
  readonly key_options?: string | undefined
  readonly comment?: string | undefined
  readonly exclusive: boolean
}

/** The keys of a parameter; a string is the first line that is none. */
export function keysIn({ key, key_options, comment }: Omit<KeyEdit, 'state' | 'exclusive'>): readonly Line[] | string {
  const keys: Line[] = []
  for (const text of key.split(/\r\n|\r|\n/).filter((line) => line !== '' && !line.startsWith('#'))) {
    const line = parseLine(text)
    if (line.type === undefined) return text
    keys.push({
      ...line,
      ...(key_options === undefined ? {} : { options: parseOptions(key_options) }),
      ...(comment === undefined ? {} : { comment }),
    })
  }
  return keys
}

/**
 * Edits the text of an authorized_keys file as Ansible's authorized_key does; returns the same text if nothing changes.
 * Lines are written as they are parsed: with one blank between their parts, and one instance of equal lines.
 */
export function editKeys(text: string, request: KeyEdit): string {
  const wanted = keysIn(request)
  if (typeof wanted === 'string') return text
  const existing = new Map<string, { readonly line: Line; readonly rank: number }>()
  const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? []
  for (const [rank, raw] of lines.entries()) {
    const line = parseLine(raw)
    existing.set(line.id, { line, rank })
  }
  let isChanged = false
  const count = existing.size
  for (const [rank, line] of wanted.entries()) {
    const found = existing.get(line.id)?.line
    if (request.state === 'absent') {
      if (existing.delete(line.id)) isChanged = true
    } else if (found === undefined || !isSame(found, line)) {
      existing.delete(line.id)
      existing.set(line.id, { line, rank: count + rank })
      isChanged = true
    }
  }
  if (request.state === 'present' && request.exclusive) {
    const keep = new Set(wanted.map(({ id }) => id))
    for (const id of [...existing.keys()].filter((each) => !keep.has(each))) {
      existing.delete(id)
      isChanged = true
    }
  }
  if (!isChanged) return text
  return [...existing.values()]
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ line }) => printed(line))
    .join('')
}

function parseLine(raw: string): Line {
  const text = raw.replaceAll('\\#', '#')
  const words = text.split(/[ \t\r\n]+/).filter((word) => word !== '')
  const at = words[0] === '#' ? -1 : words.findIndex((word) => KEY_TYPES.has(word))
  const key = words[at + 1]
  if (at === -1 || key === undefined)
    // A last line without a newline would swallow the next key.
    return { id: words[0] === '#' ? text : raw, type: undefined, options: [], comment: '' }
  return {
    id: key,
    type: words[at],
    options: parseOptions(words.slice(0, at).join(' ')),
    comment: words.slice(at + 2).join(' '),
  }
}

/** Commas in quotes do not separate options. */
function parseOptions(text: string): Options {
  const options: (readonly [string, string | null])[] = []
  let end = 0
  const add = (part: string): void => {
    const at = part.indexOf('=')
    if (at !== -1) options.push([part.slice(0, at), part.slice(at + 1)])
    else if (part !== ',') options.push([part, null])
  }
  for (const match of text.matchAll(/(?:[^,"']|"[^"]*"|'[^']*')+/g)) {
    if (options.length > 0 || end > 0) add(text.slice(end, match.index))
    add(match[0])
    end = match.index + match[0].length
  }
  return options
}

function isSame(a: Line, b: Line): boolean {
  const byName = (options: Options): string => {
    const values = new Map<string, (string | null)[]>()
    for (const [name, value] of options) values.set(name, [...(values.get(name) ?? []), value])
    return JSON.stringify([...values].sort(([x], [y]) => (x < y ? -1 : 1)))
  }
  return a.type === b.type && a.comment === b.comment && byName(a.options) === byName(b.options)
}

function printed({ id, type, options, comment }: Line): string {
  if (type === undefined) return id.endsWith('\n') ? id : `${id}\n`
  const list = options.map(([name, value]) => (value === null ? name : `${name}=${value}`)).join(',')
  return `${list}${list === '' ? '' : ' '}${type} ${id} ${comment}\n`
}
