import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join, posix } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { EvidenceError, withFileErrors } from './run-directory.ts'

/** The files of a run, in its directory or in a bundle. */
export interface RunFiles {
  /** Paths with `/`, in order. */
  readonly names: readonly string[]
  /** The bytes of a file, in pieces. */
  read(name: string): Iterable<Buffer>
}

const PIECE = 1024 * 1024
/** Unpacked: larger bundles are unzipped and verified as a directory. */
const MAX_BUNDLE_BYTES = 2 * 1024 ** 3

/** @throws {EvidenceError} the directory cannot be read. */
export function directoryFiles(directory: string): RunFiles {
  const names = withFileErrors(`cannot read ${directory}`, () =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => posix.relative(directory, join(entry.parentPath, entry.name)))
      .sort(),
  )
  return {
    names,
    *read(name) {
      const path = join(directory, name)
      const fd = withFileErrors(`cannot read ${path}`, () => openSync(path, 'r'))
      try {
        // Most files are small: a run has hundreds.
        for (let left = fstatSync(fd).size; left > 0; ) {
          const piece = Buffer.allocUnsafe(Math.min(PIECE, left))
          const size = withFileErrors(`cannot read ${path}`, () => readSync(fd, piece))
          if (size === 0) return
          left -= size
          yield piece.subarray(0, size)
        }
      } finally {
        closeSync(fd)
      }
    },
  }
}

/** Files in memory. */
export const memoryFiles = (files: Readonly<Record<string, Uint8Array>>): RunFiles => ({
  names: Object.keys(files).sort(),
  *read(name) {
    yield Buffer.from(files[name] as Uint8Array)
  },
})

/**
 * The files of a bundle. They stay in memory: nothing in it can name a path of this machine.
 *
 * @throws {EvidenceError} the file cannot be read, or is no bundle.
 */
export function bundleFiles(path: string): RunFiles {
  const zip = withFileErrors(`cannot read ${path}`, () => readFileSync(path))
  let unpacked = 0
  const names = new Set<string>()
  try {
    const entries = unzipSync(zip, {
      filter: ({ name, originalSize }) => {
        // Programs differ in which of them they unpack, so that a reader could see another file than was verified.
        if (names.has(name)) throw new EvidenceError(`${path} is no bundle of a run: it has ${name} twice`)
        names.add(name)
        unpacked += originalSize
        if (unpacked > MAX_BUNDLE_BYTES) throw new EvidenceError(`${path}: more than 2 GiB when unpacked`)
        return true
      },
    })
    // Everything is below one directory, which has the name of the run.
    const files = Object.entries(entries).filter(([name]) => !name.endsWith('/'))
    const [top] = files[0]?.[0].split('/') ?? []
    if (top === undefined || !files.every(([name]) => name.startsWith(`${top}/`)))
      throw new EvidenceError(`${path} is no bundle of a run: its files are not in one directory`)
    return memoryFiles(Object.fromEntries(files.map(([name, bytes]) => [name.slice(top.length + 1), bytes])))
  } catch (error) {
    if (error instanceof EvidenceError) throw error
    throw new EvidenceError(`${path} is no zip file, or is damaged: ${(error as Error).message}`, { cause: error })
  }
}

/** A zip file with all files of a run below one directory. The same files always give the same bytes. */
export function bundleOf(files: RunFiles, directory: string): Uint8Array {
  const entries = files.names.map((name) => [`${directory}/${name}`, contentOfFile(files, name)] as const)
  return zipSync(Object.fromEntries(entries), { mtime: new Date(1980, 0, 1), os: 3, attrs: (0o100600 << 16) >>> 0 })
}

export const contentOfFile = (files: RunFiles, name: string): Buffer => Buffer.concat([...files.read(name)])
