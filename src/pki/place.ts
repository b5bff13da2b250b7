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
import { Refusal } from '../modules/support/worker.ts'

/*
 * Files of one certificate belong together: a new key with an old certificate is of no use to anyone. New ones are
 * written to a folder of their own (`.new-...`), which is renamed (`.next-UNIT`) when all are there and on the disk,
 * and then moved to their places one by one. Whoever comes after a run that was killed drops the first kind and ends
 * what the second began; until then `read` sees the files as they will be.
 */

const LOCK_SECONDS = 120

/** A file to put in its place. */
export interface NewFile {
  readonly name: string
  readonly content: string | Buffer
  readonly secret?: boolean
}

/**
 * Does something while nobody else changes the folder: `change` alone, `look` beside others who look.
 *
 * @throws {Refusal} when another run has not ended in two minutes.
 */
export async function locked<T>(dir: string, how: 'change' | 'look', work: () => Promise<T>): Promise<T> {
  const file = path.join(dir, '.lock')
  // Looking changes nothing, so it makes no lock either: where there is none, nobody has changed anything yet.
  if (how === 'look' && !existsSync(file)) return work()
  const lock = opened(file, () => openSync(file, how === 'look' ? 'r' : 'a', 0o600))
  try {
    await flock(lock, how === 'look' ? '--shared' : '--exclusive', dir)
    return await work()
  } finally {
    closeSync(lock)
  }
}

/**
 * The lock is the open file's, and so this process's too: the kernel lets go of it however we end. Node has no flock of
 * its own.
 */
function flock(file: number, how: string, dir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', [how, '--wait', String(LOCK_SECONDS), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', file],
    })
    child.on('error', () => {
      reject(new Refusal('flock is not there: install the package util-linux'))
    })
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Refusal(`another run has been at work in ${dir} for ${LOCK_SECONDS} seconds`))
    })
  })
}

const unitFolder = (dir: string, unit: string): string => path.join(dir, `.next-${unit}`)

/** A run was killed while it put new files in their places. */
export const isUnfinished = (dir: string, unit: string): boolean => existsSync(unitFolder(dir, unit))

/** Where a file of a unit is: in its place, or on the way there. */
export function whereIs(dir: string, unit: string, name: string): string {
  const next = path.join(unitFolder(dir, unit), name)
  return existsSync(next) ? next : path.join(dir, name)
}

/** A file of a unit; undefined: there is none. */
export function read(dir: string, unit: string, name: string): Buffer | undefined {
  const file = whereIs(dir, unit, name)
  return opened(file, () => {
    try {
      return readFileSync(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  })
}

function opened<T>(file: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Refusal(
      `cannot read ${file}: ${code === 'EACCES' || code === 'EPERM' ? "it is another user's (become?)" : message}`,
    )
  }
}

/** Of these files of a unit, those that others than their owner can use. `.` is the folder. */
export const openToOthers = (dir: string, unit: string, names: readonly string[]): string[] =>
  names.filter((name) => ((statSync(whereIs(dir, unit, name), { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0)

/** Closes them. */
export function close(dir: string, names: readonly string[]): void {
  for (const name of names) chmodSync(path.join(dir, name), name === '.' ? 0o700 : 0o600)
}

/** Makes the folder; its parents are as open as folders are. */
export function makeFolder(dir: string): void {
  mkdirSync(path.dirname(dir), { recursive: true })
  // `recursive` so that it may be there.
  mkdirSync(dir, { recursive: true, mode: 0o700 })
}

/** What is in a folder, without what this file puts there. */
export const entries = (dir: string): string[] =>
  existsSync(dir) ? readdirSync(dir).filter((name) => !/^\.(lock$|new-|next-)/.test(name)) : []

/** Ends what a killed run has begun. With the lock held. */
export function recover(dir: string, unit: string): void {
  for (const name of readdirSync(dir)) if (name.startsWith('.new-')) rmSync(path.join(dir, name), { recursive: true })
  if (isUnfinished(dir, unit)) moveIn(dir, unit)
}

/** Puts files in their places, all or none. With the lock held, after {@link recover}. */
export function place(dir: string, unit: string, files: readonly NewFile[]): void {
  const fresh = mkdtempSync(path.join(dir, '.new-'))
  for (const { name, content, secret = false } of files) {
    const file = write(fresh, name, content)
    // Not at its making: the mask of who runs this may take more.
    if (!secret) chmodSync(file, 0o644)
    sync(file)
  }
  sync(fresh)
  renameSync(fresh, unitFolder(dir, unit))
  sync(dir)
  moveIn(dir, unit)
}

function moveIn(dir: string, unit: string): void {
  const next = unitFolder(dir, unit)
  // Keys first: a certificate in its place then never has less than its key.
  const names = readdirSync(next).sort((a, b) => Number(b.endsWith('.key')) - Number(a.endsWith('.key')))
  for (const name of names) renameSync(path.join(next, name), path.join(dir, name))
  sync(dir)
  rmSync(next, { recursive: true })
}

/** A folder for what openssl reads and is not kept. With the lock held. */
export async function withScratch<T>(dir: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(path.join(dir, '.new-'))
  try {
    return await work(scratch)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Writes a file that only its owner can read, and gives its path. */
export function write(folder: string, name: string, content: string | Buffer): string {
  const file = path.join(folder, name)
  writeFileSync(file, content, { mode: 0o600 })
  return file
}

function sync(file: string): void {
  const handle = openSync(file, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
