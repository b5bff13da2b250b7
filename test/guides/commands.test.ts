import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pLimit from 'p-limit'
import t from 'tap'
import { documentedCommands } from '../support/documented-commands.ts'

/*
 * Each command of the README and of docs/ that starts a playbook runs here as far as it can without hosts: it lists its
 * tasks. The working directory has the files that the commands name.
 */

const ROOT = path.join(import.meta.dirname, '../..')
const work = mkdtempSync(path.join(os.tmpdir(), 'labbook-commands-'))
t.teardown(() => {
  rmSync(work, { recursive: true, force: true })
})
mkdirSync(path.join(work, 'home'))
cpSync(path.join(ROOT, 'examples/voting'), path.join(work, 'examples/voting'), { recursive: true })
mkdirSync(path.join(work, 'shop'))
const COMPOSE = 'services: {web: {image: nginx}}\n'
const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
`
const HOSTS = `node1 swarm_labels="{'redis': 'true'}"

[nodes]
node1

[swarm_managers]
node1

[swarm:children]
swarm_managers

[docker]
node1

[registry]
node1
`
for (const [file, text] of Object.entries({
  'compose.yaml': COMPOSE,
  'hosts.ini': HOSTS,
  'inventory.yaml': `${readFileSync(path.join(ROOT, 'inventory.yaml'), 'utf8')}    myweb: {hosts: {node1: }}\n`,
  'hosts.yaml': 'all: {hosts: {node1: }}\n',
  'home/.vault-password': 'x\n',
  'shop/web.yaml': DEPLOYMENT,
}))
  writeFileSync(path.join(work, file), text)

/** These are no playbooks, or read the records of a run; unit tests of src/cli run them. */
const WITHOUT_TASKS = new Set(['report', 'load-import', 'web'])
/** Names a file of a run: `test/unit/cli` has tests of these options. */
const NEEDS_RUN = new Set(['--apply', '--retry-failed'])

/** Commands for virtual machines, and one that shows its message: for the lab of the repository they are refused. */
const REFUSED: Readonly<Record<string, string>> = {
  'lab.mjs snapshot formed': 'does not support snapshots',
  'lab.mjs resume formed': 'does not support snapshots',
  'lab.mjs delete formed': 'does not support snapshots',
  'site.mjs --limit web9': 'no host or group in the inventory matches "web9": the groups are all, ungrouped, nodes,',
}

const pages = [
  'README.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
const commands = new Map(
  pages
    .flatMap((page) =>
      documentedCommands(readFileSync(path.join(ROOT, page), 'utf8')).map((each) => ({ ...each, page })),
    )
    .filter(({ playbook, args }) => !WITHOUT_TASKS.has(playbook) && !args.some((word) => NEEDS_RUN.has(word)))
    .map((each) => [`${each.playbook}.mjs ${each.args.join(' ')}`, each]),
)

interface Result {
  readonly output: string
  readonly exitCode: number | null
}

/** Prompts need a terminal, and listing asks nothing. */
const LISTING = ['--list', '--list-tasks', '--list-tags', '--help', '--syntax-check', '--graph', '--host']

const run = (playbook: string, args: readonly string[]): Promise<Result> =>
  new Promise((resolve) => {
    const listed = args.some((word) => LISTING.includes(word)) ? args : [...args, '--list-tasks']
    const all = listed.map((word) => word.replace(/^~\//, `${work}/home/`))
    const child = spawn(process.execPath, [path.join(ROOT, 'playbooks', `${playbook}.mjs`), ...all], {
      cwd: work,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
    child.once('close', (exitCode) => resolve({ output, exitCode }))
  })

t.test('each command of the documentation lists its tasks', { timeout: 600_000 }, async (t) => {
  t.ok(commands.size > 70, `${commands.size} commands are found`)
  const limit = pLimit(2)
  await Promise.all(
    [...commands].map(([command, { playbook, args, page }]) =>
      limit(async () => {
        const { output, exitCode } = await run(playbook, args)
        const refused = REFUSED[command]
        if (refused !== undefined) t.match(output, refused, `${page}: ${command}`)
        else if (!t.equal(exitCode, 0, `${page}: ${command}`)) t.comment(output.slice(-1000))
      }),
    ),
  )
})
