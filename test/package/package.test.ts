import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { story } from '../support/story.ts'

/* A user installs the package in an empty folder, creates a project, and runs it. Needs the npm registry. */

const ROOT = path.join(import.meta.dirname, '../..')
/** Any ordinary user: nobody. */
const UID = 65534

const base = mkdtempSync('/tmp/labbook package ')
chmodSync(base, 0o755)
t.teardown(() => {
  rmSync(base, { recursive: true, force: true })
})

interface Result {
  readonly output: string
  readonly exitCode: number | null
}

function run(cwd: string, command: string, args: readonly string[], uid?: number): Result {
  const { stdout, stderr, status } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { PATH: process.env['PATH'], HOME: path.join(base, `home-${uid ?? 0}`), NO_COLOR: '1', LANG: 'C.UTF-8' },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  return { output: stdout + stderr, exitCode: status }
}

/** As an ordinary user. */
const user = (cwd: string, command: string, ...args: string[]): Result => run(cwd, command, args, UID)

function succeeds(t: Test, { output, exitCode }: Result, what: string): string {
  if (!t.equal(exitCode, 0, what)) t.comment(output.slice(-5000))
  return output
}

/** An empty folder of the ordinary user. */
function folder(name: string): string {
  const directory = path.join(base, name)
  mkdirSync(directory)
  chownSync(directory, UID, UID)
  return directory
}

folder(`home-${UID}`)
mkdirSync(path.join(base, 'home-0'))
const step = story(t)
const project = folder('my project')
const LOCAL = 'all: {hosts: {here: {ansible_connection: local}}}\n'
let tarball = ''

await step('npm pack makes the package', async (t) => {
  succeeds(t, run(ROOT, 'npm', ['run', '--silent', 'build']), 'npm run build')
  const output = succeeds(t, run(ROOT, 'npm', ['pack', './dist', '--json', '--pack-destination', base]), 'npm pack')
  const [{ filename, files }] = JSON.parse(output.slice(output.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ]
  tarball = path.join(base, filename)
  const names = files.map((file) => file.path)
  t.notOk(
    names.some((name) => /\.ts$/.test(name) && !name.endsWith('.d.ts') && !name.startsWith('starter/')),
    'no TypeScript that Node 20 cannot load',
  )
  t.notOk(names.some((name) => name.startsWith('test/') || name.includes('__pycache__')))
})

await step(
  'npm installs it: few packages, no warning',
  async (t) => {
    succeeds(t, user(project, 'npm', 'init', '-y'), 'npm init')
    const output = succeeds(t, user(project, 'npm', 'install', '--save-dev', '--no-fund', '--no-audit', tarball), 'npm')
    t.notMatch(output, /warn|deprecated|script/i)
    const count = Number(/added (\d+) packages/.exec(output)?.[1])
    t.ok(count > 50 && count < 160, `${count} packages`)
  },
  ['npm pack makes the package'],
)

await step(
  'init creates a project, whose types are checked',
  async (t) => {
    succeeds(t, user(project, 'npx', 'labbook', 'init'), 'labbook init')
    const tsc = [path.join(ROOT, 'node_modules/typescript7/bin/tsc'), '-p', '.', '--skipLibCheck', 'false']
    succeeds(t, user(project, process.execPath, ...tsc), 'tsc, with the declarations of the package')
    const file = path.join(project, 'playbooks/web.ts')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('update_cache: true', "update_cache: 'yes'"))
    const { output, exitCode } = user(project, process.execPath, ...tsc)
    t.match(
      output,
      /^playbooks\/web\.ts\(\d+,\d+\): error TS\d+: .*string/,
      'a wrong parameter is an error at its place',
    )
    t.not(exitCode, 0)
    writeFileSync(file, text)
  },
  ['npm installs it: few packages, no warning'],
)

await step(
  'an ordinary user runs playbooks, also on Node 22',
  async (t) => {
    const listed = succeeds(t, user(project, 'npx', 'labbook', 'run', 'playbooks/web.ts', '--list-tasks'), 'list')
    t.match(listed, /play "Web server": web\n {2}Install nginx\n/)
    writeFileSync(path.join(project, 'local.yaml'), LOCAL)
    const exec = ['labbook', 'exec', 'here', '-i', 'local.yaml', '--yes', '--', 'id -u']
    t.match(succeeds(t, user(project, 'npx', ...exec), 'exec'), String(UID))
    const node22 = user(project, 'npx', '--yes', '-p', 'node@22', 'node', 'node_modules/.bin/labbook', ...exec.slice(1))
    t.match(succeeds(t, node22, 'exec on Node 22'), String(UID))
    t.match(user(project, 'npx', 'labbook', 'doc', 'apt').output, 'update_cache')
    t.match(user(project, 'npx', 'labbook', 'report', 'list').output, /-exec .*passed/)
  },
  ['init creates a project, whose types are checked'],
)

const CHARTED = `import { experiment, playbook } from 'labbook'

const chart = { kind: 'lines', title: 'Line', x: { label: 'x' }, y: { label: 'y' }, series: [{ name: 'a', points: [[0, 1], [1, 2]] }] } as const
const drawn = experiment('Draw', { hosts: 'here', disturbs: false, assertions: { drawn: 'A chart is drawn' } }, (on) => {
  const evidence = [on.record({ title: 'Chart', command: 'none', stdout: '', durationMs: 0, chart })]
  on.finding('drawn', { holds: true, evidence })
})
export default playbook({ name: 'chart', description: 'Draws a chart.', steps: [drawn] })
`

await step(
  'pnpm installs it without a warning, and it finds its packages',
  async (t) => {
    const directory = folder('with pnpm')
    const pnpm = (...args: string[]): Result => user(directory, 'npx', '--yes', 'pnpm@10', ...args)
    writeFileSync(path.join(directory, 'package.json'), '{"private": true, "type": "module"}\n')
    const output = succeeds(t, pnpm('add', '--save-dev', tarball), 'pnpm add')
    t.notMatch(output, /warn|ignored build|deprecated/i)
    succeeds(t, pnpm('exec', 'labbook', 'init'), 'labbook init')
    writeFileSync(path.join(directory, 'inventory.yaml'), LOCAL)
    writeFileSync(path.join(directory, 'playbooks/chart.ts'), CHARTED)
    succeeds(t, pnpm('exec', 'labbook', 'run', 'playbooks/chart.ts', '--yes'), 'a run with a chart')
    t.match(readFileSync(path.join(directory, 'runs/latest/img/chart.svg'), 'utf8'), '<svg', 'drawn by echarts')
  },
  ['npm pack makes the package'],
)

await step(
  'the project of init goes through on a lab, and a second run changes nothing',
  async (t) => {
    const inventory = path.join(project, 'inventory.yaml')
    const lab = 'lab_provider: namespaces, lab_name: lbpackage, lab_dir: /var/lib/labbook/lbpackage'
    writeFileSync(
      inventory,
      readFileSync(inventory, 'utf8')
        .replaceAll('10.77.', '10.96.')
        .replaceAll('/var/lib/labbook/lab/', '/var/lib/labbook/lbpackage/')
        .replace('lab_provider: namespaces', `${lab}, lab_subnet: 10.96.0.0/24`.replaceAll(', ', '\n        ')),
    )
    const labbook = (...args: string[]): Result => run(project, 'npx', ['labbook', ...args])
    t.teardown(() => labbook('lab', 'down', '--yes'))
    t.match(succeeds(t, labbook('run', 'playbooks/web.ts', '--yes'), 'first run'), '2 of 2 servers show their page')
    t.match(succeeds(t, labbook('run', 'playbooks/web.ts', '--yes'), 'second run'), /web1 +: ok=\d+ changed=0 /)
    t.match(succeeds(t, labbook('exec', 'web', '--yes', '--', 'hostname'), 'exec'), /web2 +\| +\| web2/)
    succeeds(t, labbook('lab', 'down', '--yes'), 'lab down')
  },
  ['init creates a project, whose types are checked'],
)
