import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip, type ZlibOptions } from 'node:zlib'
import { BecomeFailed, TimeLimit, Unreachable, type Become, type Connection } from '../connection/connection.ts'
import { openConnection, type Target } from '../connection/index.ts'
import { printBytes } from '../modules/support/file-content.ts'
import { Refusal } from '../modules/support/worker.ts'
import { sh } from '../shell/quote.ts'
import { secret, type Secret } from '../values/secret.ts'

interface Request {
  readonly target: Target
  readonly src: string
  readonly dest: string
  readonly force?: boolean
  readonly hint?: string
}

/** What the file is here, and what is there. */
export interface UploadLook {
  readonly here: string
  readonly size: number
  readonly there: string | null
  /** A file is there, and none is to be replaced: no checksum was taken. */
  readonly kept: boolean
}

/** So much travels at a time, and is in memory. */
const PIECE = 4 * 1024 * 1024

const compressed = promisify<Buffer, ZlibOptions, Buffer>(gzip)

/** Smaller by less than this part, it is not worth the other end's time. */
const WORTH_IT = 0.1

/** What the module `upload` has a worker do. */
export const programs = { look: inWords(look), send: inWords(send) }

async function look(request: Request): Promise<UploadLook> {
  if (request.force === false) {
    const found = await on(request, (run) => run(sh`[ ! -f ${request.dest} ] || echo there`))
    if (found.trim() === 'there') return { here: '', size: 0, there: null, kept: true }
  }
  const { size } = await stat(request.src)
  const here = await checksum(request.src)
  const there = await on(request, (run) =>
    run(sh`[ ! -f ${request.dest} ] || sha256sum <${request.dest} | cut -c 1-64`),
  )
  return { here, size, there: there.trim() === '' ? null : there.trim(), kept: false }
}

async function send(request: Request): Promise<{ sent: number }> {
  const { src, dest } = request
  const part = `${dest}.labbook.part`
  const here = await checksum(src)
  return await on(request, async (run) => {
    await run(
      sh`umask 022; mkdir -p -- ${dest.replace(/\/[^/]*$/, '')} && rm -f -- ${part} && : >${part} && chmod 600 -- ${part}`,
    )
    const file = await open(src)
    let sent = 0
    try {
      const read = async (at: number) => {
        const { bytesRead: size, buffer } = await file.read(Buffer.alloc(PIECE), 0, PIECE, at)
        return { size, text: size === 0 ? '' : await printed(buffer.subarray(0, size)) }
      }
      let next = read(0)
      for (let piece; (piece = await next).size > 0; sent += piece.size) {
        // The one after it is read and compressed while this one travels.
        next = read(sent + piece.size)
        next.catch(() => undefined) // thrown where it is awaited, unless sending fails first
        await run(`${piece.text} ${sh`>>${part}`}`)
      }
    } finally {
      await file.close()
    }
    await run(
      [
        sh`lb_sum=$(sha256sum <${part} | cut -c 1-64)`,
        sh`[ "$lb_sum" = ${here} ] || { rm -f -- ${part}; echo ${`${dest} did not arrive as it was sent: try again`} >&2; exit 1; }`,
        sh`chmod 644 -- ${part} && sync -- ${part} && mv -f -- ${part} ${dest}`,
      ].join('\n'),
    )
    return { sent }
  })
}

/**
 * Quickly compressed: the line and the shell at its end are slower than that. What was compressed before stays as it
 * is.
 */
async function printed(piece: Buffer): Promise<string> {
  const small = await compressed(piece, { level: 1 })
  return small.length < piece.length * (1 - WORTH_IT) ? `${printBytes(small)} | gzip -d` : printBytes(piece)
}

/** Does something over a line to the host, as root. */
async function on<T>({ target }: Request, work: (run: (script: string) => Promise<string>) => Promise<T>): Promise<T> {
  const connection = openConnection(withSecrets(target))
  const isRoot = target.connection === 'local' ? process.getuid?.() === 0 : target.user === 'root'
  const become: Become | undefined = isRoot
    ? undefined
    : { user: 'root', ...(target.become.password === undefined ? {} : { password: secret(target.become.password) }) }
  try {
    return await work((script) => exchange(connection, script, become))
  } finally {
    await connection.close()
  }
}

async function exchange(connection: Connection, script: string, become: Become | undefined): Promise<string> {
  const { stdout, stderr, exitCode } = await connection.exchange(script, {
    ...(become === undefined ? {} : { become }),
    timeLimitSeconds: 300,
  })
  if (exitCode !== 0) throw new Refusal(stderr.toString('utf8').trim().split('\n').at(-1) ?? `exit code ${exitCode}`)
  return stdout.toString('utf8')
}

/** On their way here they were plain text. */
function withSecrets(target: Target): Target {
  const known = (['password', 'keyPassphrase'] as const).flatMap((key): [string, Secret][] => {
    const value: string | Secret | undefined = target[key]
    return value === undefined ? [] : [[key, secret(value)]]
  })
  return { ...target, ...Object.fromEntries(known) }
}

async function checksum(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** What the user can mend, in a sentence. */
function inWords<A>(program: (request: Request) => Promise<A>): (request: Request) => Promise<A> {
  return (request) =>
    program(request).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT')
        throw new Refusal(`${request.src} is not there${request.hint === undefined ? '' : `: ${request.hint}`}`)
      if ([Unreachable, TimeLimit, BecomeFailed].some((kind) => error instanceof kind))
        throw new Refusal(`${request.target.name}: ${error.message}`)
      throw error.syscall === undefined ? error : new Refusal(error.message)
    })
}
