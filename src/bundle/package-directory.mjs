import { existsSync } from 'node:fs'
import path from 'node:path'

/** Labbook's directory: the repository, or the installed package, whose files are compiled to JavaScript. */
export const PACKAGE = path.resolve(import.meta.dirname, '../..')

/** The extension of Labbook's code. */
export const CODE = existsSync(path.join(PACKAGE, 'src/labbook.ts')) ? '.ts' : '.js'
