import { spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { Refusal } from '../support/worker.ts'

/*
 * Atomic replacement of the files of a unit: a new key with an old certificate is useless. New files are written to a
 * temporary directory (`.new-...`), which is renamed to `.next-UNIT` when all are synced to disk; then they are moved
 * into place one by one. After a killed run, the next one deletes `.new-...` and completes `.next-UNIT`; until then
 * `read` prefers the files in `.next-UNIT`. Packages for atomic writes replace one file, not several together.
 */

const LOCK_SECONDS = 120

/** A file to write. */
export interface NewFile {
  readonly name: string
  readonly content: string | Buffer
  readonly secret?: boolean
}

/**
 * Runs a function under the lock of the directory: `change` exclusive, `look` shared.
 *
 * @throws {Refusal} if another run holds the lock for two minutes.
 */
export async function withLock<T>(dir: string, how: 'change' | 'look', work: () => Promise<T>): Promise<T> {
  const file = path.join(dir, '.lock')
  // Reading must not create files. Without a lock file, nothing has been changed yet.
  if (how === 'look' && !existsSync(file)) return work()
  const lock = attempt(file, () => openSync(file, how === 'look' ? 'r' : 'a', 0o600))
  try {
    await flock(lock, how === 'look' ? '--shared' : '--exclusive', dir)
    return await work()
  } finally {
    closeSync(lock)
  }
}

/**
 * The lock belongs to the open file, which this process shares: the kernel releases it when the process exits. Node has
 * no flock.
 */
function flock(file: number, how: string, dir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', [how, '--wait', String(LOCK_SECONDS), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', file],
    })
    child.on('error', () => {
      reject(new Refusal('flock is missing: install the package util-linux'))
    })
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Refusal(`another run has held the lock of "${dir}" for ${LOCK_SECONDS} s`))
    })
  })
}

const pendingDirectory = (dir: string, unit: string): string => path.join(dir, `.next-${unit}`)

/** Whether a run was killed while it moved new files into place. */
export const hasPendingFiles = (dir: string, unit: string): boolean => existsSync(pendingDirectory(dir, unit))

/** The current path of a file: pending or in place. */
export function currentPath(dir: string, unit: string, name: string): string {
  const next = path.join(pendingDirectory(dir, unit), name)
  return existsSync(next) ? next : path.join(dir, name)
}

/** Reads a file of a unit; undefined if it does not exist. */
export function read(dir: string, unit: string, name: string): Buffer | undefined {
  const file = currentPath(dir, unit, name)
  return attempt(file, () => {
    try {
      return readFileSync(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  })
}

function attempt<T>(file: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Refusal(
      `cannot read "${file}": ${code === 'EACCES' || code === 'EPERM' ? 'permission denied (set become?)' : message}`,
    )
  }
}

/** The files with modes that are too open. `.` is the directory. */
export const insecureFiles = (dir: string, unit: string, names: readonly string[]): string[] =>
  names.filter((name) => ((statSync(currentPath(dir, unit, name), { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0)

/** Restricts their modes to the owner. */
export function restrictModes(dir: string, names: readonly string[]): void {
  for (const name of names) chmodSync(path.join(dir, name), name === '.' ? 0o700 : 0o600)
}

/** Creates the directory with mode 0700, and its parents with the default mode. */
export function createDirectory(dir: string): void {
  mkdirSync(path.dirname(dir), { recursive: true })
  // `recursive` allows an existing directory.
  mkdirSync(dir, { recursive: true, mode: 0o700 })
}

/** Entries of a directory, without those of this file. */
export const entries = (dir: string): string[] =>
  existsSync(dir) ? readdirSync(dir).filter((name) => !/^\.(lock$|new-|next-)/.test(name)) : []

/** Completes a killed run. Requires the lock. */
export function recover(dir: string, unit: string): void {
  for (const name of readdirSync(dir)) if (name.startsWith('.new-')) rmSync(path.join(dir, name), { recursive: true })
  if (hasPendingFiles(dir, unit)) completeMove(dir, unit)
}

/** Replaces files, all or none. Requires the lock, after {@link recover}. */
export function replaceFiles(dir: string, unit: string, files: readonly NewFile[]): void {
  const temporary = mkdtempSync(path.join(dir, '.new-'))
  for (const { name, content, secret = false } of files) {
    const file = write(temporary, name, content)
    // Not at creation, where the umask could remove bits.
    if (!secret) chmodSync(file, 0o644)
    sync(file)
  }
  sync(temporary)
  renameSync(temporary, pendingDirectory(dir, unit))
  sync(dir)
  completeMove(dir, unit)
}

function completeMove(dir: string, unit: string): void {
  const next = pendingDirectory(dir, unit)
  // Keys first: a certificate in place then always has its key.
  const names = readdirSync(next).sort((a, b) => Number(b.endsWith('.key')) - Number(a.endsWith('.key')))
  for (const name of names) renameSync(path.join(next, name), path.join(dir, name))
  sync(dir)
  rmSync(next, { recursive: true })
}

/** Runs a function with a temporary directory. Requires the lock. */
export async function withScratch<T>(dir: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(path.join(dir, '.new-'))
  try {
    return await work(scratch)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Writes a file with mode 0600 and returns its path. */
export function write(directory: string, name: string, content: string | Buffer): string {
  const file = path.join(directory, name)
  writeFileSync(file, content, { mode: 0o600 })
  return file
}

function sync(file: string): void {
  const handle = openSync(file, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
