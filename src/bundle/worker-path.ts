import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The program `worker.mjs`, which runs an exported function in a separate Node.js process. */
export const WORKER = path.resolve(import.meta.dirname, 'worker.mjs')

/** `.ts` in the repository, `.js` in the package, where files are compiled. */
const EXTENSION = path.extname(fileURLToPath(import.meta.url))

/** A file of Labbook's code, by its path without the extension. */
export const codeFile = (directory: string, name: string): string => path.join(directory, `${name}${EXTENSION}`)
