import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { moduleSections } from '../../../src/cli/commands/doc.ts'
import { type Completion, SHELLS } from '../../../src/cli/commands/completion.ts'
import { ENTRY_SCRIPTS } from '../../../src/cli/completion/scripts.ts'
import { COMMANDS, labbook } from '../../../src/cli/labbook.ts'
import { playbookLines } from '../../../src/cli/completion/playbook-files.ts'
import { OPTIONS } from '../../../src/cli/options.ts'

const completion: Completion = {
  commands: { run: "run a playbook: it's here", doc: 'show a module', exec: 'run a command', completion: 'print' },
  options: OPTIONS,
  modules: ['apt', 'apt_key', 'copy'],
}

/** What bash completes after these words. */
function completed(...words: string[]): string[] {
  const script = `${SHELLS['bash']?.(completion) ?? ''}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _labbook; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
  if (status !== 0 || stderr !== '') throw new Error(stderr)
  return stdout.trim().split('\n')
}

t.test('bash completes commands, options, modules and shells', async (t) => {
  t.strictSame(completed('labbook', 'r'), ['run'])
  t.strictSame(
    completed('labbook', 'exec', 'all', '--li'),
    ['--limit', '--list', '--list-hosts', '--list-tasks', '--list-tags'].filter((name) =>
      Object.hasOwn(OPTIONS, name.slice(2)),
    ),
  )
  t.strictSame(completed('labbook', 'doc', 'apt'), ['apt', 'apt_key'])
  t.strictSame(completed('labbook', 'completion', ''), ['bash', 'zsh', 'fish'])
})

/** How each shell completes a line, without a terminal. */
const COMPLETES = {
  bash: `COMP_LINE=$LINE; COMP_POINT=\${#LINE}; read -ra COMP_WORDS <<<"$LINE"; COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); compopt() { :; }; "$COMPLETER" "\${COMP_WORDS[0]}"; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `_describe() { print -l -- $described; }; words=(\${=LINE} ''); CURRENT=$#words; $COMPLETER`,
  fish: 'complete --do-complete "$LINE"',
} as const
/** zsh has these functions only with a terminal. */
const BEFORE = { bash: '', zsh: 'compdef() { :; }; typeset -A _comps', fish: '' } as const

t.test('npx completes without input, and installs nothing', async (t) => {
  // It would install a package, as soon as it may or somebody answers.
  const npx =
    '#!/bin/sh\n[ "$1" = --no ] && ! read -r _ || exit 1\nprintf "%s\\tmeaning\\n" "$(echo "$@" | tr " " _)"\n'
  const bin = t.testdir({ npx, labbook: npx.replace('[ "$1" = --no ] &&', '') })
  for (const name of ['npx', 'labbook']) chmodSync(path.join(bin, name), 0o755)
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    if (spawnSync(shell, ['-c', 'true']).status !== 0) {
      t.comment(`no ${shell} here`)
      continue
    }
    const text = [BEFORE[shell], ENTRY_SCRIPTS[shell], SHELLS[shell]?.(completion), COMPLETES[shell]].join('\n')
    const offered = (LINE: string, COMPLETER: string): string =>
      spawnSync(shell, ['-c', text], {
        encoding: 'utf8',
        input: 'y\n',
        env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: bin, LINE, COMPLETER },
      }).stdout
    t.match(offered('npx labbook run web.ts ', '_labbook_entry'), /^--no_labbook_run_web\.ts_?\b/, `${shell}, npx`)
    t.match(offered('labbook run web.ts ', '_labbook'), /^run_web\.ts_?\b/, `${shell}, labbook`)
  }
})

t.test('each script names each option, and quotes the help', async (t) => {
  for (const [shell, script] of Object.entries(SHELLS)) {
    const text = script(completion)
    for (const name of Object.keys(OPTIONS))
      t.match(text, shell === 'fish' ? ` -l ${name} ` : `--${name}`, `${shell}: ${name}`)
  }
  t.match(SHELLS['fish']?.(completion), String.raw`-a run -d 'run a playbook: it\'s here'`)
  t.match(SHELLS['zsh']?.(completion), String.raw`'run:run a playbook: it'\''s here'`)
})

t.test('labbook completion knows all commands, and refuses another shell', async (t) => {
  const stdout = t.capture(process.stdout, 'write')
  const stderr = t.capture(process.stderr, 'write')
  t.equal(await labbook(['completion', 'fish'], '/'), 0)
  const text = stdout()
    .map((call) => String(call.args[0]))
    .join('')
  for (const name of Object.keys(COMMANDS)) t.match(text, `-a ${name} -d `)
  t.equal(await labbook(['completion', 'csh'], '/'), 1)
  t.match(String(stderr()[0]?.args[0]), 'completion takes one shell: bash, zsh, fish')
})

t.test('the playbooks of the project are completed; elsewhere, files are', (t) => {
  const root = t.testdir({
    playbooks: {
      'web.ts': 'export default playbook({})',
      'words.ts': 'export const words = []',
      site: { 'playbook.ts': 'export default playbook({})', 'vars.ts': '' },
      'site.mjs': '',
    },
  })
  t.equal(playbookLines('', root, root), 'playbooks/site/playbook.ts\nplaybooks/web.ts\n')
  t.equal(playbookLines('w', root, path.join(root, 'playbooks')), 'web.ts\n')
  t.equal(playbookLines('other', root, root), ':files\n')
  t.equal(playbookLines('', path.join(root, 'playbooks'), root), ':files\n', 'a project without playbooks')
  t.end()
})

t.test('headings of the reference that are no modules are not completed', async (t) => {
  const sections = moduleSections(readFileSync(new URL('../../../docs/modules.md', import.meta.url), 'utf8'))
  t.strictSame(
    [...sections.keys()].filter((name) => !/^[a-z0-9_]+$/.test(name)),
    [],
  )
})
