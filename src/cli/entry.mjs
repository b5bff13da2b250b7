// The bridge from a zx script to TypeScript: Node 20 cannot load .ts files and npx zx takes no loader. Plain JavaScript
// for that reason. What needs a package or a new Node is imported once both are known to be there.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { missingPrerequisite } from './prerequisites.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/**
 * Runs the playbook of an entry: `playbooks/NAME.mjs` is made of what `playbooks/NAME/playbook.ts` exports.
 *
 * @param {string} url - the entry's `import.meta.url`.
 */
export async function runEntry(url) {
  const entry = fileURLToPath(url)
  await run(entry, async ({ loadBundle }, args) => {
    const file = path.join(path.dirname(entry), path.basename(entry, '.mjs'), 'playbook.ts')
    if (!existsSync(file)) return say(`${file} does not exist: it has to export what ${path.basename(entry)} runs`)
    const bundle = await loadBundle(ROOT, file)
    if (bundle === undefined) return 1
    const playbook = bundle.written.default
    const problem = bundle.playbookProblem(playbook)
    return problem === undefined ? await bundle.main(playbook, args, ROOT) : say(`${file}: ${problem}`)
  })
}

/**
 * Runs a command that is no playbook.
 *
 * @param {string} url - the entry's `import.meta.url`.
 * @param {string} file - the TypeScript file, from the project's folder.
 * @param {string} name - the function in it: from arguments and the project's folder to an exit code.
 */
export async function runCommand(url, file, name) {
  await run(fileURLToPath(url), async ({ loadModule }, args) => {
    const loaded = await loadModule(ROOT, path.join(ROOT, file))
    return loaded === undefined ? 1 : await loaded[name](args, ROOT)
  })
}

async function run(entry, program) {
  const missing = missingPrerequisite(ROOT)
  if (missing !== undefined) {
    process.exitCode = say(missing)
    return
  }
  const bundler = await import('./bundle.mjs')
  // Both `zx NAME.mjs ...` and `./NAME.mjs ...` have the script's own arguments after its name.
  const at = process.argv.findIndex((word) => path.basename(word) === path.basename(entry))
  process.exitCode = await program(bundler, process.argv.slice(at + 1))
}

function say(error) {
  process.stderr.write(`${error}\n`)
  return 1
}
