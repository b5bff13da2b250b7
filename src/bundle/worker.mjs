// Runs a TypeScript function on the controller: `node worker.mjs FILE.ts NAME`, with the request as JSON on stdin and
// the response as JSON on stdout. FILE.ts exports `programs`: functions by name. Modules create such calls with
// `modules/support/worker.ts`.
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { loadModule } from './bundle.mjs'

const ROOT = path.resolve(import.meta.dirname, '../..')
const [file = '', name = ''] = process.argv.slice(2)
const loaded = /** @type {{ programs: Record<string, (request: unknown) => unknown> } | undefined} */ (
  await loadModule(ROOT, path.resolve(ROOT, file))
)
if (loaded === undefined) {
  process.exitCode = 1
} else {
  try {
    const program = loaded.programs[name]
    if (program === undefined) throw new Error(`${file} has no program "${name}"`)
    process.stdout.write(`${JSON.stringify(await program(JSON.parse(await text(process.stdin))))}\n`)
  } catch (thrown) {
    const error = /** @type {Partial<Error> | null | undefined} */ (thrown)
    // An error that the user can fix is one line; anything else is a bug and has a stack trace.
    process.stderr.write(`${error?.name === 'Refusal' ? error.message : error?.stack}\n`)
    process.exitCode = 1
  }
}
