// The bridge from a zx script to TypeScript, in JavaScript because Node 20 cannot load .ts files and npx zx accepts no
// loader. Modules that need packages or a new Node are imported after the prerequisites are checked.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingPrerequisite } from './prerequisites.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/**
 * Runs the playbook of an entry point: `playbooks/NAME.mjs` runs the default export of `playbooks/NAME/playbook.ts`.
 *
 * @param {string} url - the entry point's `import.meta.url`.
 */
export async function runEntry(url) {
  const entry = fileURLToPath(url)
  await run(entry, async ({ loadBundle }, args) => {
    const file = path.join(path.dirname(entry), path.basename(entry, '.mjs'), 'playbook.ts')
    if (!existsSync(file)) return fail(`${file} does not exist: ${path.basename(entry)} runs its default export`)
    const bundle = await loadBundle(ROOT, file)
    if (bundle === undefined) return 1
    const playbook = bundle.written.default
    const problem = bundle.playbookProblem(playbook)
    if (problem !== undefined) return fail(`${file}: ${problem}`)
    return await bundle.main(/** @type {import('./playbook.ts').Playbook} */ (playbook), args, ROOT)
  })
}

/** @typedef {(args: readonly string[], root: string) => Promise<number>} Command */

/**
 * Runs a command that is not a playbook.
 *
 * @param {string} url - the entry point's `import.meta.url`.
 * @param {string} file - the TypeScript file, relative to the project directory.
 * @param {string} name - its function, which takes the arguments and the project directory and returns an exit code.
 */
export async function runCommand(url, file, name) {
  await run(fileURLToPath(url), async ({ loadModule }, args) => {
    const loaded = /** @type {Record<string, Command> | undefined} */ (await loadModule(ROOT, path.join(ROOT, file)))
    if (loaded === undefined) return 1
    const command = loaded[name]
    if (command === undefined) throw new Error(`${file} does not export "${name}"`)
    return await command(args, ROOT)
  })
}

/**
 * @param {string} entry - the entry point.
 * @param {(bundler: typeof import('../bundle/bundle.mjs'), args: string[]) => Promise<number>} program - returns an
 *   exit code.
 */
async function run(entry, program) {
  watchOutput()
  const missing = missingPrerequisite(ROOT)
  if (missing !== undefined) {
    process.exitCode = fail(missing)
    return
  }
  const bundler = await import('../bundle/bundle.mjs')
  // The script's arguments follow its name, in `zx NAME.mjs ...` and in `./NAME.mjs ...`.
  const at = process.argv.findIndex((argument) => path.basename(argument) === path.basename(entry))
  process.exitCode = await program(bundler, process.argv.slice(at + 1))
}

/** Ends the process when its output cannot be written. */
function watchOutput() {
  process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
    // The reader of the output may exit first (`--json | head`).
    if (error.code === 'EPIPE') process.exit(0)
    process.exit(fail(`cannot write to stdout: ${error.message}`))
  })
  // Nothing can be said there; stdout and the exit code remain.
  process.stderr.on('error', () => undefined)
}

/**
 * @param {string} error
 * @returns {number} the exit code.
 */
function fail(error) {
  process.stderr.write(`${error}\n`)
  return 1
}
