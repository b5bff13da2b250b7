#!/usr/bin/env node
// The command `labbook`. Playbooks and reports are bundled with what they need; the other commands are in labbook.ts.
import { runFunction, runOwnPlaybook, runPlaybook } from './entry.mjs'

const [command, ...args] = process.argv.slice(2)
const [file = ''] = args
// The shell completes the name of the playbook before there is one to run.
const names = process.env.LABBOOK_COMPLETE === undefined ? 0 : 1
if (command === 'run' && /^[^-]/.test(file) && args.length > names) await runPlaybook(file, args.slice(1))
else if (command === 'lab') await runOwnPlaybook('lab', args)
else if (command === 'report')
  await runFunction('playbooks/report-command.ts', 'reportCommand', args, 'npx labbook report')
else await runFunction('src/cli/labbook.ts', 'labbook', process.argv.slice(2), 'npx labbook')
