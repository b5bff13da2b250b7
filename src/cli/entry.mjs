// The bridge from a zx script to TypeScript: Node 20 cannot load .ts files, and npx zx takes no loader, so the loader is
// registered here, before the first .ts file is asked for. Plain JavaScript for that reason.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { register } from 'tsx/esm/api'

register()

/**
 * Runs the playbook of an entry: `playbooks/NAME.mjs` is made of what `playbooks/NAME/playbook.ts` exports.
 *
 * @param {string} url - the entry's `import.meta.url`.
 */
export async function runEntry(url) {
  const entry = fileURLToPath(url)
  const { main } = await import('./main.ts')
  const name = path.basename(entry, '.mjs')
  const { default: playbook } = await import(path.join(path.dirname(entry), name, 'playbook.ts'))
  // Both `zx NAME.mjs ...` and `./NAME.mjs ...` have the script's own arguments after its name.
  const at = process.argv.findIndex((word) => path.basename(word) === `${name}.mjs`)
  process.exitCode = await main(playbook, process.argv.slice(at + 1), path.resolve(import.meta.dirname, '../..'))
}
