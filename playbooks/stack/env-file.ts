import { isUtf8 } from 'node:buffer'

/** A problem of a line of an `env_file`. */
export interface EnvFileProblem {
  readonly line: number
  readonly message: string
}

/** An `env_file`, read as Docker reads it. */
export interface EnvFile {
  readonly problems: readonly EnvFileProblem[]
  /** Names without `=`: Docker takes their values from the environment of the docker command on the node. */
  readonly valueless: readonly { readonly line: number; readonly name: string }[]
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
/** Docker reads lines with a buffer of this size. */
const MAX_LINE = 64 * 1024

/** Checks an `env_file`: what Docker refuses, and what no program can receive. Messages contain no values. */
export function checkEnvFile(bytes: Buffer): EnvFile {
  const problems: EnvFileProblem[] = []
  const valueless: { line: number; name: string }[] = []
  for (const [i, raw] of linesOf(bytes).entries()) {
    const line = i + 1
    const refuse = (message: string): number => problems.push({ line, message })
    if (!isUtf8(raw)) {
      refuse('is not UTF-8, which Docker refuses: convert the file, or use a secret, whose bytes stay as they are')
      continue
    }
    const entry = raw.toString('utf8').replace(/^\s+/u, '')
    if (entry === '' || entry.startsWith('#')) continue
    const [name = ''] = entry.split('=', 1)
    if (entry.includes('\0')) refuse('contains a NUL character, which no program can receive: remove it')
    else if (raw.length >= MAX_LINE) refuse('is longer than Docker reads (64 KiB): use a secret or a config')
    else if (name === '') refuse('has no name before "="')
    else if (/[ \t]/.test(name)) refuse('has a space in the name of the variable: write NAME=value')
    else if (!entry.includes('=')) valueless.push({ line, name })
  }
  return { problems, valueless }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let from = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0
  while (from < bytes.length) {
    const end = bytes.indexOf(0x0a, from)
    const to = end === -1 ? bytes.length : end
    lines.push(bytes.subarray(from, bytes[to - 1] === 0x0d && to > from ? to - 1 : to))
    from = to + 1
  }
  return lines
}
