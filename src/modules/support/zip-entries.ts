import { octal, type Attributes } from './params.ts'

/** Lines about the entries of a zip archive, in the same order but for headers. */
interface ZipLines {
  /** Of `unzip -Z -T -s`. */
  readonly zip: readonly string[]
  /** Of `unzip -v`. */
  readonly crc: readonly string[]
  /** What exists: `TYPE_AND_MODE SIZE UID CRC TIME`, or `-`. */
  readonly have: readonly string[]
}

interface Expected extends Attributes {
  readonly umask: number
  /** Of the user who extracts. */
  readonly uid: number
}

const ENTRY = /^([dl?-])([rwxstah-]{6,9})\s+\S+\s+\S+\s+(\d+)\s+\S+\s+\S+\s+(\d{8}\.\d{6})\s(.*)$/
const CHECKSUM = /^\s*\d+\s+\S+\s+\d+\s+-?\d+%\s+\S+\s+\S+\s+([0-9a-f]{8})\s\s(.*)$/

/** What extracting a zip archive would change, a line each: Ansible compares the same. */
export function compareZip({ zip, crc, have }: ZipLines, expected: Expected): string[] {
  const entries = zip.flatMap((line) => {
    const [, type, permissions, size, time, name] = ENTRY.exec(line) ?? []
    return type === undefined || permissions === undefined || time === undefined || name === undefined
      ? []
      : [{ type, permissions, size: Number(size), time, name }]
  })
  const checksums = crc.flatMap((line) => CHECKSUM.exec(line)?.[1] ?? [])
  return entries.flatMap(({ type, permissions, size, time, name }, place) => {
    const found = existing(have[place] ?? '-')
    if (found === undefined) return [`${name}: missing`]
    const kind = name.endsWith('/') ? 'directory' : type === 'l' ? 'link' : 'file'
    if (found.kind !== kind) return [`${name}: not a ${kind}`]
    if (kind === 'directory') return []
    const differs = (what: boolean, text: string): string[] => (what ? [`${name}: ${text} differs`] : [])
    const content = differs(found.crc !== checksums[place], 'content')
    if (kind === 'link') return content
    const mode = modeOf(permissions, expected.umask)
    return [
      ...differs(found.size !== size, 'size'),
      ...content,
      ...differs(found.time !== time, 'time'),
      ...differs(expected.mode === undefined && mode !== found.mode, `mode (${octal(found.mode)})`),
      ...differs(expected.owner === undefined && found.uid !== expected.uid, 'owner'),
    ]
  })
}

const KINDS: Readonly<Record<number, string>> = { 8: 'file', 4: 'directory', 10: 'link' }

function existing(line: string) {
  const [, bits = '', size, uid, crc = '', date = '', time = ''] =
    /^(\w+) (\d+) (\d+) (\S+) (\S+) ([\d:]+)/.exec(line) ?? []
  if (bits === '') return undefined
  const raw = Number.parseInt(bits, 16)
  return {
    kind: KINDS[raw >> 12] ?? 'other',
    mode: raw & 0o7777,
    size: Number(size),
    uid: Number(uid),
    // The bytes are in the order of the file: the lowest first.
    crc: (crc.match(/../g) ?? []).reverse().join(''),
    time: `${date.replaceAll('-', '')}.${time.replaceAll(':', '')}`,
  }
}

/** Archives of other systems have no mode of Unix. */
function modeOf(permissions: string, umask: number): number {
  if (permissions.length === 9)
    return permissions.split('').reduce((bits, letter) => (bits << 1) | (/[rwxst]/.test(letter) ? 1 : 0), 0)
  return (/^rwx(?:a)?---$/.test(permissions) ? 0o777 : 0o666) & ~umask
}
