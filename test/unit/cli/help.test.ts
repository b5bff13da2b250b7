import t from 'tap'
import { helpText } from '../../../src/cli/help.ts'
import { OPTIONS } from '../../../src/cli/options.ts'

const text = helpText({
  command: 'npx zx playbooks/lab.mjs',
  description:
    'Creates the lab: three machines inside this one, each with its own address, sshd and systemd, ready for any playbook.',
  steps: [
    'Packages',
    'A step with a name so long that it is wrapped to the next line, which is indented below its beginning, not at the margin',
  ],
  subcommands: { up: 'create the lab', status: 'show it' },
})
const lines = text.split('\n')

void t.test('help has at most 80 columns', async (t) => {
  t.strictSame(
    lines.filter((line) => line.length > 80),
    [],
  )
})

void t.test('help lists every option, with aligned descriptions', async (t) => {
  const rows = lines.filter((line) => /^ {2}(-\w, | {4})--/.test(line))
  t.equal(rows.length, Object.keys(OPTIONS).length)
  const columns = new Set(rows.map((row) => row.search(/(?<= {2})\S(?!.* {2})/)))
  t.equal(columns.size, 1)
})

void t.test('help has subcommands, steps, examples and exit codes', async (t) => {
  t.match(text, 'Usage: npx zx playbooks/lab.mjs [up|status] [options]')
  t.match(text, '  up      create the lab\n  status  show it\n')
  t.match(text, /\n {2}2\. {2}A step .*\n {6}\w/)
  t.match(text, 'npx zx playbooks/lab.mjs up -CD --limit node1')
  t.match(text, '  130  interrupted\n')
})

void t.test('empty sections are omitted', async (t) => {
  const short = helpText({ command: 'npx zx playbooks/site.mjs', description: 'All of it.' })
  t.match(short, 'Usage: npx zx playbooks/site.mjs [options]')
  t.notMatch(short, 'Commands:')
  t.notMatch(short, 'What it does:')
})

void t.test('example of --extra-vars uses a variable of the playbook', async (t) => {
  t.match(
    helpText({ command: 'npx zx playbooks/app.mjs', description: 'The app.', variable: 'counter_replicas=6' }),
    'npx zx playbooks/app.mjs -e counter_replicas=6\n',
  )
  t.match(
    helpText({ command: 'npx zx playbooks/docker.mjs', description: 'Docker.' }),
    'npx zx playbooks/docker.mjs -e ansible_user=admin\n',
    'or one of every playbook',
  )
})
