import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip, type ZlibOptions } from 'node:zlib'
import { BecomeFailed, TimeLimit, Unreachable, type Become, type Connection } from '../../connection/connection.ts'
import { openConnection, type ConnectionSettings } from '../../connection/index.ts'
import { printBytes } from '../support/file-content.ts'
import { Refusal } from '../support/worker.ts'
import { sh } from '../../shell/quote.ts'
import { secret, type Secret } from '../../values/secret.ts'

interface Request {
  readonly target: ConnectionSettings
  readonly src: string
  readonly dest: string
  readonly force?: boolean
  readonly hint?: string
}

/** The checksums of the local and of the remote file. */
export interface FileComparison {
  readonly localSha256: string
  readonly size: number
  readonly remoteSha256: string | null
  /** The remote file exists and must not be replaced: no checksums were computed. */
  readonly keepExisting: boolean
}

/** The size of a chunk; two of them are in memory. */
const CHUNK = 4 * 1024 * 1024

const compress = promisify<Buffer, ZlibOptions, Buffer>(gzip)

/** A chunk that shrinks by less than this fraction is sent uncompressed. */
const MIN_SAVING = 0.1

/** What a worker does for the module `upload`. */
export const programs = { compare: withRefusals(compare), send: withRefusals(send) }

async function compare(request: Request): Promise<FileComparison> {
  if (request.force === false) {
    const found = await on(request, (run) => run(sh`[ ! -f ${request.dest} ] || echo there`))
    if (found.trim() === 'there') return { localSha256: '', size: 0, remoteSha256: null, keepExisting: true }
  }
  const { size } = await stat(request.src)
  const here = await checksum(request.src)
  const there = await on(request, (run) =>
    run(sh`[ ! -f ${request.dest} ] || sha256sum <${request.dest} | cut -c 1-64`),
  )
  return { localSha256: here, size, remoteSha256: there.trim() === '' ? null : there.trim(), keepExisting: false }
}

async function send(request: Request): Promise<{ sent: number }> {
  const { src, dest } = request
  const here = await checksum(src)
  return await on(request, async (run) => {
    const part = (await run(createPart(dest))).replace(/\n$/, '')
    const file = await open(src)
    let sent = 0
    try {
      const read = async (at: number) => {
        const { bytesRead: size, buffer } = await file.read(Buffer.alloc(CHUNK), 0, CHUNK, at)
        return { size, text: size === 0 ? '' : await printCommand(buffer.subarray(0, size)) }
      }
      let next = read(0)
      for (let chunk; (chunk = await next).size > 0; sent += chunk.size) {
        // The next chunk is read and compressed while this one is sent.
        next = read(sent + chunk.size)
        next.catch(() => undefined) // rethrown when awaited, unless sending fails first
        await run(`${chunk.text} ${sh`>>${part}`}`)
      }
    } catch (error) {
      await run(sh`rm -f -- ${part}`).catch(() => undefined) // the connection may be lost
      throw error
    } finally {
      await file.close()
    }
    await run(
      [
        sh`lb_sum=$(sha256sum <${part} | cut -c 1-64)`,
        sh`[ "$lb_sum" = ${here} ] || { rm -f -- ${part}; echo ${`checksum of ${dest} differs after the upload: try again`} >&2; exit 1; }`,
        sh`chmod 644 -- ${part} && sync -- ${part} && mv -f -- ${part} ${dest}`,
      ].join('\n'),
    )
    return { sent }
  })
}

/** Leftovers of killed uploads are removed after this time. A running upload writes to its file all the time. */
const LEFTOVER_MINUTES = 24 * 60

/** Creates the file that receives the chunks, for root only, and prints its name. Others may share the directory. */
function createPart(dest: string): string {
  const directory = dest.replace(/\/[^/]*$/, '') || '/'
  return [
    sh`umask 022; mkdir -p -- ${directory} || exit`,
    sh`[ ! -d ${dest} ] || { echo ${`${dest} is a directory: append a file name`} >&2; exit 1; }`,
    sh`find ${`${directory}/.`} ! -name . -prune -type f -name ${`${PART}*`} -mmin ${`+${LEFTOVER_MINUTES}`} -exec rm -f -- {} + 2>/dev/null`,
    sh`mktemp ${`${directory}/${PART}XXXXXX`}`,
  ].join('\n')
}

const PART = '.labbook.upload.'

/** Compressed at the fastest level: connection and shell are slower. Data that does not shrink is sent as it is. */
async function printCommand(chunk: Buffer): Promise<string> {
  const small = await compress(chunk, { level: 1 })
  return small.length < chunk.length * (1 - MIN_SAVING) ? `${printBytes(small)} | gzip -d` : printBytes(chunk)
}

/** Runs scripts on the host as root, over a new connection. */
async function on<T>({ target }: Request, work: (run: (script: string) => Promise<string>) => Promise<T>): Promise<T> {
  const connection = openConnection(withSecrets(target))
  const isRoot = target.connection === 'local' ? process.getuid?.() === 0 : target.user === 'root'
  const become: Become | undefined = isRoot
    ? undefined
    : { user: 'root', ...(target.become.password === undefined ? {} : { password: secret(target.become.password) }) }
  try {
    return await work((script) => exec(connection, script, become))
  } finally {
    await connection.close()
  }
}

async function exec(connection: Connection, script: string, become: Become | undefined): Promise<string> {
  const { stdout, stderr, exitCode } = await connection.exec(script, {
    ...(become === undefined ? {} : { become }),
    timeLimitSeconds: 300,
  })
  if (exitCode !== 0) throw new Refusal(stderr.toString('utf8').trim().split('\n').at(-1) ?? `exit code ${exitCode}`)
  return stdout.toString('utf8')
}

/** In the worker's input they are plain text. */
function withSecrets(target: ConnectionSettings): ConnectionSettings {
  const { password, keyFiles, passphrases, proxy } = target
  const revive = <T extends { passphrase?: Secret }>(file: T): T =>
    file.passphrase === undefined ? file : { ...file, passphrase: secret(file.passphrase) }
  return {
    ...target,
    ...(password === undefined ? {} : { password: secret(password) }),
    ...(keyFiles === undefined ? {} : { keyFiles: keyFiles.map(revive) }),
    ...(passphrases === undefined
      ? {}
      : { passphrases: Object.fromEntries(Object.entries(passphrases).map(([file, text]) => [file, secret(text)])) }),
    ...(proxy !== undefined && 'jump' in proxy ? { proxy: { jump: withSecrets(proxy.jump) } } : {}),
  }
}

async function checksum(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Turns errors that the user can fix into a {@link Refusal}. */
function withRefusals<A>(program: (request: Request) => Promise<A>): (request: Request) => Promise<A> {
  return (request) =>
    program(request).catch((thrown: unknown) => {
      const error = thrown as NodeJS.ErrnoException
      if (error.code === 'ENOENT')
        throw new Refusal(
          `file "${request.src}" does not exist${request.hint === undefined ? '' : `: ${request.hint}`}`,
        )
      if ([Unreachable, TimeLimit, BecomeFailed].some((kind) => error instanceof kind))
        throw new Refusal(`${request.target.name}: ${error.message}`)
      throw error.syscall === undefined ? error : new Refusal(error.message)
    })
}
