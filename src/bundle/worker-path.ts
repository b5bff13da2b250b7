import path from 'node:path'

/** The program `worker.mjs`, which runs a TypeScript function in a Node.js process of its own. */
export const WORKER = path.resolve(import.meta.dirname, 'worker.mjs')
