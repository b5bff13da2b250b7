import { text } from 'node:stream/consumers'
import { Refusal } from './plan.ts'
import { untilTold } from './program.ts'

/*
 * The generator on a machine that has Node and nothing of Labbook: bundled into one file, it reads a plan as JSON on
 * stdin and writes its part of the load as JSON on stdout.
 */

/** Milliseconds between looks whether who started it is still there. */
const LOOK_EVERY = 500

const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
}, LOOK_EVERY).unref()

text(process.stdin)
  .then(async (request) => {
    process.stdout.write(`${JSON.stringify(await untilTold(JSON.parse(request)))}\n`)
  })
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Refusal ? error.message : String((error as Error).stack)}\n`)
    process.exitCode = 1
  })
