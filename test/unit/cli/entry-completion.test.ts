import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { candidateLines, completions, FILES, type CompletionSources } from '../../../src/cli/completion/candidates.ts'
import { completionsFor } from '../../../src/cli/completion/complete.ts'
import { ENTRY_SCRIPTS } from '../../../src/cli/completion/scripts.ts'
import { completionSources } from '../../../src/cli/completion/sources.ts'
import { parseInventory } from '../../../src/inventory/index.ts'
import { command } from '../../../src/modules/core/command.ts'
import { meta } from '../../../src/modules/core/meta.ts'
import { defineVars, varTypes } from '../../../src/playbook/define-vars.ts'
import { play } from '../../../src/playbook/play.ts'

const inventory = parseInventory({
  main: {
    path: 'inventory.yaml',
    text: 'all: { children: { web: { hosts: { web1: {}, web2: {} } }, db: { hosts: { db1: {} } } } }',
  },
})
const steps = [
  play('Base', { hosts: 'all', tags: 'base' }, ({ host }) => [
    command('Install', { cmd: 'true', tags: ['packages', 'never'] }),
    meta('flush_handlers'),
    ...(host === 'db1' ? [command('Create the database', { cmd: 'true' })] : []),
  ]),
  play('Facts', { hosts: 'web' }, () => {
    throw new Error('needs facts')
  }),
]
const project = t.testdir({ bin: {}, runs: { '2026-01-01-site': {}, '2026-01-02-app': {} } })
const vars = defineVars('web', {
  web_workers: { schema: varTypes.integer(1, 64), default: 4, description: 'workers' },
})
const sources: CompletionSources = completionSources(
  { subcommands: { up: 'create the lab', 'snapshot NAME': 'take a snapshot' }, vars: [vars] },
  steps,
  () => inventory,
  project,
)

for (const [words, expected] of [
  [['--li'], ['--limit', '--list', '--list-hosts', '--list-tasks', '--list-tags']],
  [
    ['--check', ''],
    ['up', 'snapshot'],
  ],
  [['s'], ['snapshot']],
  [
    ['-l', 'w'],
    ['web1', 'web2', 'web'],
  ],
  [
    ['-Cl', 'd'],
    ['db1', 'db'],
  ],
  [
    ['--limit', 'web:!w'],
    ['web:!web1', 'web:!web2', 'web:!web'],
  ],
  [['--limit=db1,web1'], ['--limit=db1,web1']],
  [['--limit', '@'], FILES],
  [['--tags', 'base,p'], ['base,packages']],
  [
    ['--skip-tags', ''],
    ['base', 'never', 'packages'],
  ],
  [
    ['--start-at-task', ''],
    ['Install', 'Create the database'],
  ],
  [
    ['--retry-failed', ''],
    ['2026-01-01-site', '2026-01-02-app', 'latest'],
  ],
  [['-e', 'web'], ['web_workers=']],
  [['-e', '@va'], FILES],
  [['--provider', 'q'], ['qemu']],
  [['-i', ''], FILES],
  [['--private-key=/ro'], FILES],
  [['--user', 'a'], []],
  [['--nosuch=x'], []],
] as const)
  t.test(`completes ${words.join(' ')}`, (t) => {
    const found = completions(words, sources)
    t.strictSame(found === FILES ? FILES : found.map(({ word }) => word), expected)
    t.end()
  })

t.test('options are completed without an inventory, and with one that is encrypted', async (t) => {
  const small = { name: 'small', description: '', steps: [] }
  const root = t.testdir({ hosts: '$ANSIBLE_VAULT;1.1;AES256\n00\n' })
  for (const file of ['hosts', 'missing'])
    t.match(await completionsFor(small, ['-i', path.join(root, file), '--list-ho'], root), /^--list-hosts\t/)
})

t.test('a line has the word and what it means', (t) => {
  t.equal(candidateLines(completions(['--no-'], sources)), '--no-input\tnever prompt; run on all hosts\n')
  t.equal(candidateLines(FILES), ':files\n')
  t.end()
})

/** A project whose program prints its arguments as candidates. */
const directory = project
const entry = path.join(directory, 'site.mjs')
writeFileSync(entry, "import 'labbook/cli'")
writeFileSync(path.join(directory, 'inventory file'), '')
writeFileSync(
  path.join(directory, 'bin/node'),
  `#!/bin/sh
[ "$LABBOOK_COMPLETE" ] || exit 1
shift
for word; do last=$word; done
case $last in @*) echo :files; exit ;; -e) exit ;; esac
printf '%s\\tmeaning\\n' "$#-arguments" 'a=' --limit=web1 'two words'
`,
)
chmodSync(path.join(directory, 'bin/node'), 0o755)

/** The completions that bash offers at the end of a line. */
function inBash(line: string): string[] {
  const program = `
node_before() { COMPREPLY=(of node); }
complete -F node_before node
source /dev/stdin <<'END'
${ENTRY_SCRIPTS.bash ?? ''}
END
COMP_LINE=$1 COMP_POINT=\${#1}
read -ra COMP_WORDS <<<"$1"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
compopt() { :; }
_labbook_entry "\${COMP_WORDS[0]}"
printf '%s\\n' "\${COMPREPLY[@]}"
`
  const done = spawnSync('bash', ['-c', program, 'bash', line], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${path.join(directory, 'bin')}:${process.env.PATH ?? ''}` },
  })
  t.equal(done.stderr, '', line)
  return done.stdout.split('\n').filter((word) => word !== '')
}

for (const { line, expected } of [
  { line: 'node site.mjs ', expected: ['1-arguments', 'a=', '--limit=web1', 'two\\ words'] },
  { line: 'npx zx site.mjs --check -l w', expected: ['3-arguments', 'a=', '--limit=web1', 'two\\ words'] },
  { line: 'node site.mjs --limit=w', expected: ['1-arguments', 'a=', 'web1', 'two\\ words'] },
  { line: 'node site.mjs -e @inv', expected: ['inventory file'] },
  { line: 'node other.mjs --x', expected: ['of', 'node'] },
])
  t.test(`bash completes ${line}`, (t) => {
    t.strictSame(inBash(line), expected)
    t.end()
  })
