import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

/* `labbook completion` in interactive shells: what is typed before Tab, and the line after it. */

const LABBOOK = path.resolve(import.meta.dirname, '../../src/cli/labbook.mjs')
const PRESS_TAB = path.join(import.meta.dirname, 'press-tab.py')

const LINES: readonly (readonly [typed: string, completed: string])[] = [
  ['labbook inv', 'inventory'],
  ['labbook doc apt_k', 'apt_key'],
  ['labbook completion f', 'fish'],
  ['labbook exec all --list-ho', '--list-hosts'],
  ['labbook run playbooks/w', 'playbooks/web.ts'],
  ['labbook run playbooks/web.ts snap', 'snapshot'],
  ['labbook run playbooks/web.ts --start-a', '--start-at-task'],
  ['labbook run playbooks/web.ts --limit d', 'db1'],
  ['labbook run playbooks/web.ts --check -l web1,d', 'web1,db1'],
  ['labbook run playbooks/web.ts --tags pa', 'packages'],
  ['labbook run playbooks/web.ts -e web_w', 'web_workers='],
  ['npx labbook run playbooks/web.ts -e web_w', 'web_workers='],
  ['npx labbook run playbooks/web.ts --tags=pa', '--tags=packages'],
]

const directory = t.testdir({
  'inventory.yaml': 'all: { hosts: { web1: {}, web2: {}, db1: {} } }\n',
  playbooks: {
    'web.ts': `
      import { command, defineVars, play, playbook, varTypes } from 'labbook'
      const web = defineVars('web', { web_workers: { schema: varTypes.integer(1, 64), description: 'workers' } })
      export default playbook({
        name: 'web',
        description: '',
        vars: [web],
        subcommands: { up: 'create it', 'snapshot NAME': 'take a snapshot' },
        steps: [play('Base', { hosts: 'all', tags: 'base' }, () => [command('Install', { cmd: 'true', tags: ['packages'] })])],
      })
    `,
    'words.ts': 'export const words = []\n',
  },
})
const bin = path.join(directory, 'bin')
mkdirSync(bin)
for (const [name, program] of [
  ['labbook', `exec node ${LABBOOK} "$@"`],
  // The package is not installed here. Without --no, npx would install it.
  ['npx', '[ "$1" = --no ] || exit 1; shift; exec "$@"'],
] as const)
  writeFileSync(path.join(bin, name), `#!/bin/sh\n${program}\n`, { mode: 0o755 })

const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}`, TERM: 'xterm', ZDOTDIR: directory }
const written = path.join(directory, 'line')

function output(command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: directory, env, input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''}${stdout}${stderr}`)
  return stdout
}

/** The last words of the lines after Tab. */
function afterTab(...shell: readonly string[]): string[] {
  const typed = LINES.map(([line]) => `${line}\n`).join('')
  const lines = JSON.parse(output('python3', [PRESS_TAB, written, ...shell], typed)) as string[]
  return lines.map((line) => line.trim().split(' ').at(-1) ?? '')
}

const expected = LINES.map(([, word]) => word)
const script = (shell: string): string => output('labbook', ['completion', shell])

t.test('bash', async (t) => {
  const rc = path.join(directory, 'bashrc')
  writeFileSync(
    rc,
    [
      script('bash'),
      `bind -x '"\\C-o": printf %s "$READLINE_LINE" >${written}.new; mv ${written}.new ${written}'`,
      "PS1='READY> '",
      '',
    ].join('\n'),
  )
  t.strictSame(afterTab('bash', '--noprofile', '--rcfile', rc, '-i'), expected)
})

t.test('zsh', async (t) => {
  writeFileSync(
    path.join(directory, '.zshrc'),
    [
      'autoload -U compinit; compinit -u -D',
      script('zsh'),
      `show() { print -rn -- "$BUFFER" >${written}.new; mv ${written}.new ${written} }`,
      "zle -N show; bindkey -e; bindkey '^O' show",
      "PROMPT='READY> '",
      '',
    ].join('\n'),
  )
  t.strictSame(afterTab('zsh', '-d', '-i'), expected)
})

t.test('fish', async (t) => {
  const file = path.join(directory, 'labbook.fish')
  writeFileSync(file, script('fish'))
  const found = LINES.map(
    ([line]) => output('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`]).split(/[\t\n]/)[0],
  )
  t.strictSame(found, expected)
})
