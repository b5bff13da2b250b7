import { text } from 'node:stream/consumers'
import { Refusal } from './plan.ts'
import { loadUntilSignal } from './program.ts'

/*
 * The generator for a machine with Node but without Labbook: bundled into one file, it reads a plan as JSON from stdin
 * and writes its result as JSON to stdout.
 */

/** Milliseconds between checks that the parent process is alive. */
const PARENT_CHECK_MS = 500

const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
}, PARENT_CHECK_MS).unref()

text(process.stdin)
  .then(async (request) => {
    process.stdout.write(`${JSON.stringify(await loadUntilSignal(JSON.parse(request)))}\n`)
  })
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Refusal ? error.message : String((error as Error).stack)}\n`)
    process.exitCode = 1
  })
