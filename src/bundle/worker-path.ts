import path from 'node:path'

/** The program `worker.mjs`, which runs a TypeScript function in a separate Node.js process. */
export const WORKER = path.resolve(import.meta.dirname, 'worker.mjs')
