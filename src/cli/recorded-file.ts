import { existsSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * A file of a received run as it is named in the reader's project: its directory is another one, so the longest end of
 * its path that exists there. Files of runs are not the reader's, and may be code that came with this run.
 *
 * @param runs - the directory of the project's runs.
 * @param kind - `any`: also a directory.
 */
export function fileIn(
  root: string,
  runs: string,
  recorded: string,
  kind: 'file' | 'any' = 'file',
): string | undefined {
  if (!existsSync(root)) return undefined
  const [realRoot, realRuns] = [realpathSync(root), existsSync(runs) ? realpathSync(runs) : path.resolve(runs)]
  const parts = path.normalize(recorded).split(path.sep)
  const ends = parts.map((_, at) => parts.slice(at))
  return ends
    .filter(isOfReader)
    .map((end) => path.join(root, ...end))
    .find((file) => {
      const found = statSync(file, { throwIfNoEntry: false })
      if (found === undefined || (kind === 'file' && !found.isFile())) return false
      const real = realpathSync(file)
      return (
        isBelow(realRoot, real) && !isBelow(realRuns, real) && isOfReader(path.relative(realRoot, real).split(path.sep))
      )
    })
}

/** Names that lead to files of others, in any case, as file systems of macOS ignore it. */
const FOREIGN = new Set(['', '.', '..', 'runs', 'node_modules'])

const isOfReader = (parts: readonly string[]): boolean => !parts.some((part) => FOREIGN.has(part.toLowerCase()))

const isBelow = (directory: string, file: string): boolean => {
  const relative = path.relative(directory, file)
  return relative !== '' && relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative)
}
