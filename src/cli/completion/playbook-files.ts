import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { candidateLines, FILES, type Candidate } from './candidates.ts'

/** A file that `labbook run` accepts. */
const IS_PLAYBOOK = /\bexport default\b/

/**
 * Completes the playbook of `labbook run`: the files in the project's `playbooks`, and the `playbook.ts` of its
 * directories.
 *
 * @param current - what is typed so far.
 * @param root - the project directory.
 */
export function playbookLines(current: string, root: string, working = process.cwd()): string {
  const directory = path.join(root, 'playbooks')
  if (!existsSync(directory)) return candidateLines(FILES)
  const files = readdirSync(directory, { withFileTypes: true })
    .map((entry) => path.join(directory, entry.name, ...(entry.isDirectory() ? ['playbook.ts'] : [])))
    .filter((file) => /\.(ts|mts|js)$/.test(file) && existsSync(file) && IS_PLAYBOOK.test(readFileSync(file, 'utf8')))
  const found = files
    .map((file): Candidate => ({ word: path.relative(working, file) }))
    .filter(({ word }) => word.startsWith(current))
    .sort((a, b) => a.word.localeCompare(b.word))
  return candidateLines(found.length === 0 ? FILES : found)
}
