import { readFileSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from './usage-error.ts'

/**
 * Refuses a `labbook.yaml` with content: it only marks the project directory, and a setting without effect would be
 * worse than none.
 *
 * @throws {UsageError} it has a line that is not a comment.
 */
export function checkProjectFile(root: string): void {
  const file = path.join(root, 'labbook.yaml')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`)
  }
  const line = text.split(/\r?\n/).findIndex((each) => !/^\s*(#.*)?$/.test(each))
  if (line !== -1)
    throw new UsageError(
      `${file}:${line + 1}:1: labbook.yaml has no settings, it only marks the project directory: remove this line`,
    )
}
