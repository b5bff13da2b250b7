// The bridge from a zx script to TypeScript: Node 20 cannot load .ts files and npx zx takes no loader. Plain JavaScript for
// that reason.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadBundle } from './bundle.mjs'

const ROOT = path.resolve(import.meta.dirname, '../..')

/**
 * Runs the playbook of an entry: `playbooks/NAME.mjs` is made of what `playbooks/NAME/playbook.ts` exports.
 *
 * @param {string} url - the entry's `import.meta.url`.
 */
export async function runEntry(url) {
  const entry = fileURLToPath(url)
  const name = path.basename(entry, '.mjs')
  const bundle = await loadBundle(ROOT, path.join(path.dirname(entry), name, 'playbook.ts'))
  if (bundle === undefined) {
    process.exitCode = 1
    return
  }
  // Both `zx NAME.mjs ...` and `./NAME.mjs ...` have the script's own arguments after its name.
  const at = process.argv.findIndex((word) => path.basename(word) === `${name}.mjs`)
  process.exitCode = await bundle.main(bundle.playbook, process.argv.slice(at + 1), ROOT)
}
