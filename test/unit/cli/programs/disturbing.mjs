// `disturbing.mjs ROOT site|experiments|plain [ARGUMENTS]`: runs a playbook of disturbing-playbook.ts, bundled as a
// user's playbook.
import path from 'node:path'
import { loadBundle } from '../../../../src/cli/bundle.mjs'

const { main, written } = await loadBundle(
  path.resolve(import.meta.dirname, '../../../..'),
  path.join(import.meta.dirname, 'disturbing-playbook.ts'),
)
process.exitCode = await main(written.default, process.argv.slice(4), process.argv[2])
