import { readFileSync } from 'node:fs'
import path from 'node:path'

/** The version of the Labbook in a project directory. */
export const labbookVersion = (root: string): string =>
  (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version
