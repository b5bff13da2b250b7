import t from 'tap'
import { PROJECT_VARS } from '../../../playbooks/project.ts'
import { repeatedCommand as repeatedIn, type ReadersPart } from '../../../src/cli/recorded-command.ts'
import { sharedVariables } from '../../../src/cli/shared-variables.ts'
import type { RunStart } from '../../../src/events/events.ts'
import { defineVars, varTypes } from '../../../src/playbook/define-vars.ts'

const start = (args: readonly string[], more: Partial<RunStart> = {}): RunStart => ({
  type: 'run_start',
  time: '2026-11-29T09:00:00.000Z',
  playbook: 'load',
  version: '1',
  argv: ['npx', 'zx', 'playbooks/load.mjs', ...args],
  check: false,
  hosts: ['node1'],
  controller: { hostname: 'c', node: 'v22', platform: 'linux' },
  ...more,
})
/** In this project, without files. */
const repeatedCommand = (run: RunStart, reader: ReadersPart) =>
  repeatedIn(run, reader, { vars: PROJECT_VARS, find: () => undefined })

const nobody: ReadersPart = { argv: [], extraVars: {}, files: [] }

t.test('subcommands, tags, repetitions and variables are those of the run; hosts and consent are the reader’s', (t) => {
  const run = start(
    [
      'goal',
      '-t',
      'a,b',
      '--repeat=5',
      '-i',
      'theirs.yml',
      '--allow-faults',
      '-u',
      'root',
      '-vv',
      '-e',
      "x=1 y='two words'",
    ],
    { variables: { replicas: 3, x: 0 } },
  )
  t.same(repeatedCommand(run, { ...nobody, argv: ['--yes'] }), {
    program: { kind: 'entry', name: 'load' },
    args: [
      ...['goal', '--tags', 'a,b', '--repeat', '5'],
      ...['--extra-vars', '{"replicas":3,"x":"1","y":"two words"}', '--yes'],
    ],
    notes: ['the run used the inventory theirs.yml; this one uses yours'],
  })
  t.end()
})

t.test('what the reader specifies replaces what the run had', (t) => {
  const reader = { argv: ['--repeat', '1', '--extra-vars', 'x=9', '-i', 'mine.yml'], extraVars: { x: '9' }, files: [] }
  t.same(repeatedCommand(start(['--repeat', '5', '-e', 'x=1', '-i', 'a.yml']), reader), {
    program: { kind: 'entry', name: 'load' },
    args: reader.argv,
    notes: [],
  })
  t.end()
})

t.test('connections, providers and keys of a run are not taken: they could run commands on this machine', (t) => {
  const run = start([
    '-e',
    '{"ansible_ssh_common_args": "-o ProxyCommand=x", "lab_provider": "qemu", "report_signing_key": "k"}',
  ])
  t.same(repeatedCommand(run, nobody), {
    program: { kind: 'entry', name: 'load' },
    args: [],
    notes: ['not taken from the run: ansible_ssh_common_args, lab_provider, report_signing_key'],
  })
  t.end()
})

t.test('programs, disks, paths, clusters and templates of a run are not taken', (t) => {
  const vars = {
    k3s_install_url: 'https://evil.example/',
    docker_storage_force: true,
    docker_repo_url: 'https://evil.example/',
    docker_repo_fingerprint: '0123456789ABCDEF0123456789ABCDEF01234567',
    registry_dir: '/etc',
    kubecontext: 'production',
    images: [{ name: "evil.example/{{ lookup('env', 'KEY') }}" }],
  }
  for (const run of [start([], { variables: vars }), start(['-e', JSON.stringify(vars)])])
    t.same(repeatedCommand(run, nobody), {
      program: { kind: 'entry', name: 'load' },
      args: [],
      notes: [`not taken from the run: ${Object.keys(vars).join(', ')}`],
    })
  t.end()
})

t.test('words after "--" that would be options are refused', (t) => {
  t.throws(() => repeatedCommand(start(['--', '--allow-faults']), nobody), /"--allow-faults", so it cannot be repeated/)
  t.end()
})

t.test('flags of the playbook and names of experiments are those of the run; options with values are refused', (t) => {
  const run = start(['compare', 'drain', '--measure', '--yes', '--measure', '-e', 'x=1'])
  t.same(repeatedCommand(run, nobody).args, ['compare', 'drain', '--measure', '--extra-vars', '{"x":"1"}'])
  t.throws(
    () => repeatedCommand(start(['--measure=yes']), nobody),
    /^the command line of the run: unknown option --measure/,
  )
  t.end()
})

t.test('a run of "labbook run" is repeated with its file', (t) => {
  const run = (...args: string[]): RunStart => start([], { argv: ['npx', 'labbook', 'run', ...args] })
  t.same(repeatedCommand(run('playbooks/web.ts', 'up', '-t', 'a', '--all'), nobody), {
    program: { kind: 'file', file: 'playbooks/web.ts' },
    args: ['up', '--all', '--tags', 'a'],
    notes: [],
  })
  for (const args of [['--yes'], []]) t.throws(() => repeatedCommand(run(...args), nobody), /names no playbook/)
  t.throws(
    () => repeatedCommand(start([], { argv: ['npx', 'labbook', 'lab', 'up'] }), nobody),
    /names no playbook/,
    'a command of Labbook',
  )
  t.end()
})

t.test('masked secrets and files are refused, unless the reader specifies them', (t) => {
  const run = start(['-e', 'password=[REDACTED] x=1', '-e', '{"url": "http://u:[REDACTED]@h"}', '-e', '@conf/lab.yml'])
  t.throws(() => repeatedCommand(run, nobody), {
    message: [
      'password: the run masked this secret',
      'url: the run masked this secret',
      'the run read variables from files that it does not contain: conf/lab.yml',
      'specify your own: -e password=VALUE -e url=VALUE -e @PATH/lab.yml (secrets in a file: -e @secrets.yml)',
    ].join('\n'),
  })
  const reader = { argv: ['-e', '@lab.yml'], extraVars: { password: 'p', url: 'u' }, files: ['lab.yml'] }
  t.same(repeatedCommand(run, reader).args, ['--extra-vars', '{"x":"1"}', '-e', '@lab.yml'])
  t.end()
})

t.test('runs that measured nothing, and names that are no playbook, are refused', (t) => {
  t.throws(() => repeatedCommand(start([], { check: true }), nobody), /check mode/)
  for (const name of ['../../x.mjs', 'playbooks/../x.mjs', '/etc/x.mjs', ''])
    t.throws(() => repeatedCommand(start([], { argv: ['npx', 'zx', name] }), nobody), /names no playbook/)
  t.end()
})

t.test('recorded variables are declared, not secret, and the same for all hosts', (t) => {
  const text = varTypes.text()
  const vars = defineVars('shop', {
    same: { schema: text, description: '' },
    differs: { schema: text, description: '' },
    password: { schema: text, description: '', secret: true },
    unset: { schema: text, description: '' },
  })
  const host = (differs: string) => ({ vars: { same: 'x', differs, password: 'p', other: 1 } })
  const inventory = {
    hosts: new Map([
      ['a', host('1')],
      ['b', host('2')],
      ['c', host('3')],
    ]),
  } // prettier-ignore
  const read = (names: string[]) =>
    sharedVariables(inventory as unknown as Parameters<typeof sharedVariables>[0], names, [vars])
  t.same(read(['a', 'b']), { same: 'x' })
  t.same(read(['a']), { same: 'x', differs: '1' })
  t.same(read([]), {})
  t.end()
})
