// The bridge from a zx script to TypeScript, in JavaScript because Node 20 cannot load .ts files and npx zx accepts no
// loader. Modules that need packages or a new Node are imported after the prerequisites are checked.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingPrerequisite } from './prerequisites.mjs'
import { projectRoot } from './project-root.mjs'

/** Labbook's directory: the repository, or the installed package. */
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/**
 * Runs the playbook of an entry point: `playbooks/NAME.mjs` runs the default export of `playbooks/NAME/playbook.ts`.
 *
 * @param {string} url - the entry point's `import.meta.url`.
 */
export async function runEntry(url) {
  const entry = fileURLToPath(url)
  const file = path.join(path.dirname(entry), path.basename(entry, '.mjs'), 'playbook.ts')
  await execute((bundler) => {
    const found = sourceFile(file)
    if (found === undefined) return fail(`${file} does not exist: ${path.basename(entry)} runs its default export`)
    return runFile(bundler, found, argumentsOf(entry), ['npx', 'zx', `playbooks/${path.basename(entry)}`])
  })
}

/**
 * Runs the playbook that a file exports, for `labbook run FILE`.
 *
 * @param {string} file
 * @param {readonly string[]} args - the playbook's arguments.
 */
export async function runPlaybook(file, args) {
  await execute((bundler) => {
    if (!existsSync(file)) return fail(`no playbook ${path.resolve(file)}: name the file, as in playbooks/web.ts`)
    return runFile(bundler, path.resolve(file), args, ['npx', 'labbook', 'run', file])
  })
}

/**
 * Runs a playbook of Labbook on the project of the working directory: `labbook lab up`.
 *
 * @param {string} name - `lab` for `playbooks/lab/playbook.ts`.
 * @param {readonly string[]} args
 */
export async function runOwnPlaybook(name, args) {
  await execute((bundler) => {
    const file = sourceFile(path.join(PACKAGE, 'playbooks', name, 'playbook.ts'))
    if (file === undefined) throw new Error(`Labbook has no playbook "${name}"`)
    return runFile(bundler, file, args, ['npx', 'labbook', name], process.cwd())
  })
}

/**
 * @param {Bundler} bundler
 * @param {string} file
 * @param {readonly string[]} args
 * @param {readonly string[]} command - the command line without `args`, to run the playbook again.
 * @param {string} start - where the search for the project directory starts.
 */
async function runFile({ loadBundle }, file, args, command, start = path.dirname(file)) {
  const root = projectRoot(start)
  const bundle = await loadBundle(root, file)
  if (bundle === undefined) return 1
  const playbook = bundle.written.default
  const problem = bundle.playbookProblem(playbook)
  if (problem !== undefined) return fail(`${file}: ${problem}`)
  return await bundle.main(/** @type {import('./playbook.ts').Playbook} */ (playbook), args, root, command)
}

/** @typedef {typeof import('../bundle/bundle.mjs')} Bundler */
/** @typedef {(args: readonly string[], root: string, command: string) => Promise<number>} Command */

/**
 * Runs a command that is not a playbook.
 *
 * @param {string} url - the entry point's `import.meta.url`.
 * @param {string} file - its code, as {@link runFunction}.
 * @param {string} name
 */
export async function runCommand(url, file, name) {
  const entry = fileURLToPath(url)
  await runFunction(file, name, argumentsOf(entry), `npx zx playbooks/${path.basename(entry)}`, path.dirname(entry))
}

/**
 * @param {string} file - the TypeScript file, relative to Labbook's directory.
 * @param {string} name - its function, which takes the arguments and the project directory and returns an exit code.
 * @param {readonly string[]} args
 * @param {string} command - what a user types before the arguments, for the help.
 * @param {string} start - where the search for the project directory starts.
 */
export async function runFunction(file, name, args, command, start = process.cwd()) {
  await execute(async ({ loadModule }) => {
    const root = projectRoot(start)
    const code = sourceFile(path.join(PACKAGE, file))
    if (code === undefined) throw new Error(`${file} does not exist`)
    const loaded = /** @type {Record<string, Command> | undefined} */ (await loadModule(root, code))
    if (loaded === undefined) return 1
    const run = loaded[name]
    if (run === undefined) throw new Error(`${file} does not export "${name}"`)
    return await run(args, root, command)
  })
}

/**
 * A TypeScript file, or in a package what it is compiled to. Undefined if there is none.
 *
 * @param {string} file
 */
const sourceFile = (file) => [file, file.replace(/\.ts$/, '.js')].find((each) => existsSync(each))

/**
 * The arguments of a script: those after its name, in `zx NAME.mjs ...` and in `./NAME.mjs ...`.
 *
 * @param {string} entry
 */
function argumentsOf(entry) {
  const at = process.argv.findIndex((argument) => path.basename(argument) === path.basename(entry))
  return process.argv.slice(at + 1)
}

/** @param {(bundler: Bundler) => number | Promise<number>} program - returns an exit code. */
async function execute(program) {
  watchOutput()
  const missing = missingPrerequisite(PACKAGE)
  if (missing !== undefined) {
    process.exitCode = fail(missing)
    return
  }
  process.exitCode = await program(await import('../bundle/bundle.mjs'))
}

/** Ends the process when its output cannot be written, unless a run handles that itself: it may be amid a change. */
function watchOutput() {
  process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
    if (process.stdout.listenerCount('error') > 1) return
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
