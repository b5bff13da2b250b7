import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { buildSync } from 'esbuild'

/** Timeout of a program, so that its test fails with the actual output. */
const TIMEOUT_MS = 60_000

export interface Session {
  readonly columns?: number
  readonly rows?: number
  readonly env?: Readonly<Record<string, string>>
  /** Whether the terminal echoes input. Default true. */
  readonly echo?: boolean
  /** Input to type after a text has appeared, in order. */
  readonly talk?: readonly (readonly [seen: string, type: string | (() => Promise<string>)])[]
  /** A command to run on the same terminal after the program. */
  readonly after?: string
}

const BUNDLES = path.resolve('node_modules/.cache/labbook/programs')

/** Bundles a TypeScript program that runs several times: the loader would cost half a core second each time. */
export function bundled(program: URL): URL {
  const outfile = path.join(BUNDLES, `${path.basename(program.pathname, '.ts')}-${process.pid}.mjs`)
  buildSync({
    entryPoints: [fileURLToPath(program)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  process.once('exit', () => {
    rmSync(outfile, { force: true })
  })
  return pathToFileURL(outfile)
}

/** Runs a TypeScript or JavaScript program on a pseudo-terminal and types input. */
export function onTerminal(
  program: URL,
  args: readonly string[],
  { columns = 80, rows = 24, env = {}, echo = true, talk = [], after }: Session = {},
) {
  const loader = program.pathname.endsWith('.ts') ? ['--import=tsx'] : []
  const words = [process.execPath, ...loader, program.pathname, ...args].map((word) => `'${word}'`).join(' ')
  // The shell must survive a Ctrl-C that is meant for the program.
  const run = after === undefined ? `exec ${words}` : `trap : INT; ${words}; code=$?; ${after}; exit $code`
  const child = spawn(
    'script',
    ['-qec', `stty cols ${columns} rows ${rows} ${echo ? 'echo' : '-echo'}; ${run}`, '/dev/null'],
    {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: TIMEOUT_MS,
    },
  )
  return new Promise<{ raw: string; screen: string[]; exitCode: number | null }>((resolve, reject) => {
    let raw = ''
    let read = 0
    const left = [...talk]
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      raw += text
      for (;;) {
        const [next] = left
        const at = next === undefined ? -1 : raw.indexOf(next[0], read)
        if (next === undefined || at === -1) return
        read = at + next[0].length
        const [, type] = left.shift() as typeof next
        if (typeof type === 'string') child.stdin.write(type)
        else type().then((keys) => child.stdin.write(keys), reject)
      }
    })
    child.on('error', reject)
    child.on('close', (exitCode) => {
      resolve({ raw, screen: screenOf(raw), exitCode })
    })
  })
}

/** The final screen. Emulates as much of a terminal as a self-redrawing list needs. */
export function screenOf(raw: string): string[] {
  const lines: string[] = ['']
  let row = 0
  let column = 0
  for (const [token] of raw.matchAll(
    /\u001b\[([?\d;]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\r|\n|[^\u001b\r\n]+|\u001b/g,
  )) {
    const [, digits, code] = /\[([?\d;]*)([A-Za-z])$/.exec(token) ?? []
    const count = digits === '' ? 1 : Number(digits)
    if (token === '\n') row += 1
    else if (token === '\r') column = 0
    else if (code === 'A' || code === 'F') row = Math.max(0, row - count)
    else if (code === 'B') row += count
    else if (code === 'D') column = Math.max(0, column - count)
    else if (code === 'G') column = count - 1
    else if (code === 'K') lines[row] = ''
    else if (!token.startsWith('\u001b')) {
      const line = (lines[row] ?? '').padEnd(column)
      lines[row] = line.slice(0, column) + token + line.slice(column + token.length)
      column += token.length
    }
    if (code === 'F') column = 0
    while (lines.length <= row) lines.push('')
  }
  return lines.map((line) => stripVTControlCharacters(line).trimEnd())
}
