import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenSpool } from '../run/output.ts'
import { attempt, cannotKeep, type RunFolder } from './folder.ts'
import type { Redactor } from './redact.ts'

const FOLDER = 'output'

/**
 * Makes the files for long outputs in a run's folder: `output/<n>-<host>-<task>.stdout.txt`. They hold what was
 * printed, byte for byte but for secrets, which are masked as in the journal.
 *
 * A file's last some 100 KiB may still be held back, until it is known whether a secret began there, if the run is
 * killed.
 *
 * @throws {EvidenceError} from the functions made, when a file cannot be made or written (disk full).
 */
export function outputFiles(folder: Pick<RunFolder, 'path'>, redactor: Redactor): OpenSpool {
  let number = 0
  return ({ host, task, stream }) => {
    number += 1
    const file = `${FOLDER}/${[String(number), host, redactor.text(task)].map(slug).join('-')}.${stream}.txt`
    const path = join(folder.path, file)
    const cannot = `cannot keep the output of «${redactor.text(task)}» on ${host} in ${path}`
    const fd = attempt(cannot, () => {
      mkdirSync(join(folder.path, FOLDER), { recursive: true })
      return openSync(path, 'wx')
    })
    const masked = redactor.stream((bytes) => {
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      } catch (error) {
        // Half an output is worth less than the room it takes: the journal needs that to say what happened.
        rmSync(path, { force: true })
        throw cannotKeep(cannot, error)
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

const slug = (text: string): string =>
  text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 60) || 'unnamed'
