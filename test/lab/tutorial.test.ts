import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { guideSteps } from '../support/guide.ts'
import { story } from '../support/story.ts'
import { machineState } from './machine.ts'

/*
 * docs/tutorial.md, followed to the letter in an empty directory: each command of the page, in order. Only the lab's
 * name and network differ, so that the user's own lab may run meanwhile. Needs the npm registry.
 */

const ROOT = path.join(import.meta.dirname, '../..')
const NAME = 'lbtutor'
const NETWORK = '10.97.'
const base = mkdtempSync(path.join(tmpdir(), 'labbook-tutorial-'))
const project = path.join(base, 'labbook')

interface Result {
  readonly output: string
  readonly exitCode: number | null
}

function run(cwd: string, command: string): Result {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', command], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', LANG: 'C.UTF-8' },
  })
  return { output: stdout + stderr, exitCode: status }
}

/** Gives the lab of the clone another name and network. */
function renameLab(): void {
  const file = path.join(project, 'inventory.yaml')
  const settings = [`lab_name: ${NAME}`, `lab_dir: /var/lib/labbook/${NAME}`, `lab_subnet: ${NETWORK}0.0/24`]
  writeFileSync(
    file,
    readFileSync(file, 'utf8')
      .replaceAll('10.77.', NETWORK)
      .replaceAll('/var/lib/labbook/lab/', `/var/lib/labbook/${NAME}/`)
      .replace(/^( +)lab_provider: namespaces/m, (line, indent: string) =>
        [line.trimEnd(), ...settings].join(`\n${indent}`),
      ),
  )
}

const inLatest = (file: string): string => {
  const full = path.join(project, 'runs/latest', file)
  return existsSync(full) ? readFileSync(full, 'utf8') : ''
}

/** What the page says about a command, by its beginning. */
const CLAIMS: Readonly<Record<string, (t: Test, result: Result) => void>> = {
  'npm start': (t, { output }) => {
    t.match(inLatest('report.html'), 'swarm.drain.evacuates', 'the report has the claims')
    t.match(inLatest('summary.json'), '"swarm.drain.evacuates"')
    t.match(output, `http://${NETWORK}0.11:8080`, 'the last screen names the URL of the app')
    for (const node of [11, 12, 13]) {
      const page = run(base, `curl -sf http://${NETWORK}0.${node}:8080/`)
      t.equal(page.exitCode, 0, `the app answers at node ${node}`)
    }
  },
  'npx zx playbooks/site.mjs --check': (t, { output }) => t.match(output, /node1 +: ok=\d+ +changed=0 /),
  'npx zx playbooks/app.mjs -e counter_replicas=6 --check': (t, { output }) => t.notMatch(output, /node1 .*changed=0 /),
  'npx zx playbooks/experiments.mjs --list': (t, { output }) => t.match(output, 'node-killed'),
  'npx zx playbooks/experiments.mjs node-killed': (t) =>
    t.match(inLatest('summary.json'), 'swarm.node-killed.replaced'),
}

const commands = guideSteps(readFileSync(path.join(ROOT, 'docs/tutorial.md'), 'utf8')).flatMap((each) =>
  each.kind === 'command' ? [each.command] : [],
)
const before = machineState(NAME)
t.teardown(() => {
  if (existsSync(path.join(project, 'node_modules'))) run(project, 'node playbooks/lab.mjs down --yes')
  rmSync(base, { recursive: true, force: true })
})
const step = story(t)
const CLONE = 'git clone <repository> labbook && cd labbook'

await step(CLONE, async (t) => {
  t.equal(commands[0], CLONE, 'the first command')
  t.equal(run(base, `git clone -q ${ROOT} labbook`).exitCode, 0)
  renameLab()
  const inventory = readFileSync(path.join(project, 'inventory.yaml'), 'utf8')
  t.ok(inventory.includes(`lab_name: ${NAME}`) && !inventory.includes('10.77.'))
})

const claimed = new Set<string>()
let last = CLONE
for (const [place, command] of commands.entries()) {
  if (place === 0) continue
  const name = `${place}: ${command}`
  await step(
    name,
    async (t) => {
      const result = run(project, command)
      if (!t.equal(result.exitCode, 0)) t.comment(result.output.slice(-8000))
      // The longest beginning: the same playbook is run with and without --check.
      const [start] = Object.keys(CLAIMS)
        .filter((each) => command.startsWith(each))
        .sort((a, b) => b.length - a.length)
      if (start === undefined) return
      claimed.add(start)
      CLAIMS[start]?.(t, result)
    },
    [last],
  )
  last = name
}

await step(
  'the text of the page is true for each command that it explains, and nothing is left',
  async (t) => {
    t.strictSame(
      Object.keys(CLAIMS).filter((each) => !claimed.has(each)),
      [],
    )
    t.match(commands.at(-1), /lab\.mjs down$/)
    t.strictSame(machineState(NAME), before)
  },
  [last],
)
