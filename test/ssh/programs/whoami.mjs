// `whoami.mjs ROOT [ARGUMENTS]`: runs whoami-playbook.ts, bundled as a user's playbook.
import path from 'node:path'
import { loadBundle } from '../../../src/bundle/bundle.mjs'

const bundle = await loadBundle(
  path.resolve(import.meta.dirname, '../../..'),
  path.join(import.meta.dirname, 'whoami-playbook.ts'),
)
if (bundle === undefined) throw new Error('the playbook has an error')
const playbook = /** @type {import('../../../src/cli/playbook.ts').Playbook} */ (bundle.written.default)
process.exitCode = await bundle.main(playbook, process.argv.slice(3), process.argv[2] ?? '')
