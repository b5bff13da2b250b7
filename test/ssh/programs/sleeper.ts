/** A playbook whose one task sleeps on the host: `sleeper.ts ROOT SLEEP ...options`. */
import { main } from '../../../src/cli/main.ts'
import { command, play, playbook } from '../../../src/labbook.ts'
// Loaded now: Ctrl-C also ends the TypeScript loader of the tests, after which nothing can be loaded.
import '../../../src/report/index.ts'

const [root = '', sleep = '', ...options] = process.argv.slice(2)
process.exitCode = await main(
  playbook({
    name: 'sleeper',
    description: 'sleeps',
    steps: [play('Rest', { hosts: 'all' }, () => [command('Sleep', { cmd: sleep }), command('Wake', { cmd: 'true' })])],
  }),
  options,
  root,
)
