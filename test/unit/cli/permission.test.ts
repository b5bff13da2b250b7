import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { onTerminal } from '../../support/terminal.ts'

const PROGRAM = new URL('./programs/disturbing.mjs', import.meta.url)
const OWN = 'all:\n  children:\n    nodes: {hosts: {a: {ansible_host: 192.0.2.1}, b: {ansible_host: 192.0.2.2}}}\n'
const LAB =
  'all:\n  children:\n    nodes: {hosts: {a: {ansible_host: 10.77.0.11}, b: {ansible_host: 10.77.0.12}}, vars: {lab_provider: namespaces, lab_name: lbpermission}}\n'

/** A project directory with an inventory of own machines and one of a lab. */
function project(t: Test): {
  root: string
  left: () => string[]
  journal: () => string
  args: (name: string, ...more: string[]) => string[]
} {
  const root = mkdtempSync(path.join(tmpdir(), 'permission-'))
  t.teardown(() => {
    rmSync(root, { recursive: true })
  })
  for (const [name, text] of Object.entries({ 'package.json': '{"version": "1"}', 'own.yaml': OWN, 'lab.yaml': LAB }))
    writeFileSync(path.join(root, name), text)
  return {
    root,
    left: () =>
      readdirSync(root)
        .filter((name) => ['installed', 'looked', 'struck'].includes(name))
        .sort(),
    journal: () => readFileSync(path.join(root, 'runs/latest/events.jsonl'), 'utf8'),
    args: (name, ...more) => [root, name, ...more, '-i', path.join(root, 'own.yaml')],
  }
}

/** Runs without a terminal. */
function run(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM.pathname, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
  })
  return { status, stdout, stderr }
}

const REFUSED = [
  "Run refused; nothing was changed. These hosts do not belong to Labbook's lab:",
  '  a: is powered off',
  '  b: is powered off',
  'Add --allow-faults to allow this.',
  '',
].join('\n')

t.test('own machines are disturbed without a terminal only with --allow-faults', async (t) => {
  const { root, left, args } = project(t)
  for (const option of ['--yes', '--json'])
    t.same(run(args('experiments', 'node-killed', option)), { status: 2, stdout: '', stderr: REFUSED }, option)
  t.same(left(), [], 'nothing was run')
  t.notOk(existsSync(path.join(root, 'runs')), 'no run directory')
  t.match(run(args('experiments', 'node-killed', '--yes', '--check')).status, 0, 'check mode needs no permission')
  t.match(run(args('experiments', 'look', '--yes')).status, 0, 'read-only experiments need no permission')
  t.same(left(), ['installed', 'looked'])
  t.match(run(args('experiments', 'node-killed', '--yes', '--allow-faults')), { status: 0 })
  t.same(left(), ['installed', 'looked', 'struck'])
})

t.test('lab is disturbed without confirmation', async (t) => {
  const { root, left } = project(t)
  t.match(run([root, 'experiments', 'node-killed', '--yes', '-i', path.join(root, 'lab.yaml')]), { status: 0 })
  t.same(left(), ['installed', 'struck'])
})

t.test('provisioning playbook skips experiments on own machines, and logs it', async (t) => {
  const { left, journal, args } = project(t)
  const { status, stdout } = run(args('site', '--yes'))
  t.equal(status, 0)
  t.same(left(), ['installed', 'looked'])
  t.match(
    stdout.replace(/\s+/g, ' '),
    'skipped, because a, b do not belong to Labbook\'s lab: "A node loses its power". Add --allow-faults to include it; ' +
      '--list shows the experiments',
  )
  t.equal(journal().match(/skipped, because/g)?.length, 1, 'once')
  t.notMatch(journal(), /"type":"finding"|"play":"A node loses its power"/)
  t.equal(run(args('site', '--yes', '--allow-faults')).status, 0)
  t.same(left(), ['installed', 'looked', 'struck'])
})

t.test('prompt on a terminal names the hosts and what happens to each', async (t) => {
  const { root, left, args } = project(t)
  const env = { NO_COLOR: '1' }
  const hosts = ['--limit', 'all:localhost']
  const ask = (key: string) =>
    onTerminal(PROGRAM, args('experiments', 'node-killed', ...hosts), { env, talk: [['Continue on a, b?', key]] })
  const no = await ask('\r')
  t.equal(no.exitCode, 130, 'Enter alone is no')
  t.match(
    no.screen.join('\n'),
    /These hosts are not machines of Labbook's lab:\n {2}a: is powered off\n {2}b: is powered off\n/,
  )
  t.same([left(), existsSync(path.join(root, 'runs'))], [[], false])
  const yes = await ask('y')
  t.equal(yes.exitCode, 0)
  t.same(left(), ['installed', 'struck'])
  t.equal(yes.raw.match(/machines of Labbook's lab/g)?.length, 1)
})

t.test('hosts selected on a terminal are those of the saved plan', async (t) => {
  const { root, left, args, journal } = project(t)
  const plan = path.join(root, 'plan.json')
  const talk = [['Select hosts', ' \r']] as const
  const check = await onTerminal(PROGRAM, args('plain', '--check', '--out', plan), { env: { NO_COLOR: '1' }, talk })
  t.equal(check.exitCode, 0)
  t.strictSame((JSON.parse(readFileSync(plan, 'utf8')) as { argv: string[] }).argv.slice(-2), [
    '--limit',
    'b,localhost',
  ])
  t.match(journal(), '"--limit","b,localhost"')
  const apply = await onTerminal(PROGRAM, [root, 'plain', '--apply', plan, '--step'], {
    env: { NO_COLOR: '1' },
    talk: [['Perform task: Install', '\u001b[B\r']],
  })
  t.equal(apply.exitCode, 0, 'each task is asked for once')
  t.same(left(), ['installed'])
  t.match(journal(), '"hosts":["b","localhost"]')
})

t.test('--list shows experiment names, last durations and what it disturbs', async (t) => {
  const { root, left, args } = project(t)
  const folder = path.join(root, 'runs/2026-01-02T03-04-05-experiments')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    path.join(folder, 'summary.json'),
    JSON.stringify({
      status: 'passed',
      check: false,
      playbook: 'experiments',
      plays: [{ name: 'A node loses its power', durationMs: 61_000 }],
    }),
  )
  const { status, stdout } = run(args('experiments', '--list'))
  t.equal(status, 0)
  t.equal(
    stdout,
    'NAME         LAST TIME  DISTURBS\nnode-killed  1m 01s     a, b: is powered off\nlook         -          nothing\n',
  )
  t.equal(run(args('experiments', 'look', '--list')).stdout, 'NAME  LAST TIME  DISTURBS\nlook  -          nothing\n')
  t.match(
    run(args('site', '--list')).stdout,
    /^NAME +LAST TIME +DISTURBS\nIt answers +- +nothing\nA node loses its power +1m 01s +a, b: is powered off\n$/,
  )
  t.equal(run(args('plain', '--list')).stdout, 'This playbook has no experiments.\n')
  t.same(left(), [], 'nothing was run')
  t.equal(readdirSync(path.join(root, 'runs')).length, 1)
})
