import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenOverflowFile } from '../execution/captured-output.ts'
import { fileError, PRIVATE_DIRECTORY, PRIVATE_FILE, withFileErrors, type RunDirectory } from './run-directory.ts'
import { fileName } from '../text/slug.ts'
import type { Redactor } from './redactor.ts'

const slugOf = (text: string): string =>
  fileName(text, Infinity)
    .replace(/[.-]+$/, '')
    .slice(0, 60) || 'unnamed'

const DIRECTORY = 'output'

/**
 * Creates files for long outputs in a run's directory: `output/<n>-<host>-<task>.stdout.txt`. They contain the exact
 * bytes, except for secrets, which are masked as in the event log.
 *
 * If the run is killed, the last 100 KiB or so of a file may be missing: they are held back because a secret may span
 * them.
 *
 * @throws {EvidenceError} by the returned functions, if a file cannot be created or written (disk full).
 */
export function openOutputFiles(folder: Pick<RunDirectory, 'path'>, redactor: Redactor): OpenOverflowFile {
  let number = 0
  return ({ host, task, stream }) => {
    number += 1
    const file = `${DIRECTORY}/${[String(number), host, redactor.maskText(task)].map(slugOf).join('-')}.${stream}.txt`
    const path = join(folder.path, file)
    const cannot = `cannot write the output of "${redactor.maskText(task)}" on ${host} to ${path}`
    const fd = withFileErrors(cannot, () => {
      mkdirSync(join(folder.path, DIRECTORY), { recursive: true, mode: PRIVATE_DIRECTORY })
      return openSync(path, 'wx', PRIVATE_FILE)
    })
    const masked = redactor.maskStream((bytes) => {
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      } catch (error) {
        // A partial output is worth less than its space, which the event log needs.
        rmSync(path, { force: true })
        throw fileError(cannot, error)
      }
    })
    return {
      file,
      write: (chunk) => {
        masked.push(chunk)
      },
      close() {
        try {
          masked.end()
        } finally {
          closeSync(fd)
        }
      },
    }
  }
}
