import { codeFile } from '../bundle/worker-path.ts'

/** The load generator for other hosts, to bundle: those have no packages. */
export const GENERATOR_FILE = codeFile(import.meta.dirname, 'generator')
