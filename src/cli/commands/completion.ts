import { readFileSync } from 'node:fs'
import path from 'node:path'
import { PACKAGE_ROOT } from '../../values/package-root.ts'
import { type OptionSpec, suggestion } from '../command-line.ts'
import { ENTRY_SCRIPTS } from '../completion/scripts.ts'
import { OPTIONS } from '../options.ts'
import { UsageError } from '../usage-error.ts'
import { moduleSections } from './doc.ts'

/** What a shell completes. */
export interface Completion {
  /** The commands, and their help. */
  readonly commands: Readonly<Record<string, string>>
  /** The options of {@link PLAYBOOK_COMMANDS}. Those of `run` are its playbook's, which completes them. */
  readonly options: Readonly<Record<string, OptionSpec>>
  readonly modules: readonly string[]
}

/** Commands with the options of playbooks. */
const PLAYBOOK_COMMANDS = ['exec', 'lab']

/** A text in single quotes, for bash and zsh. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** A text in single quotes, for fish. */
const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const optionNames = (options: Completion['options']): string[] => Object.keys(options).map((name) => `--${name}`)

function bash({ commands, options, modules }: Completion): string {
  const reply = (words: readonly string[]): string => `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur"))`
  return `# Its argument is the program that runs labbook: npx, or none. With --no, npx installs nothing.
_labbook() {
  local line cur=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" = 1 ]; then
    ${reply(Object.keys(commands))}
    return
  fi
  case \${COMP_WORDS[1]} in
    run)
      line=\${COMP_LINE:0:COMP_POINT}
      case $1 in npx) set -- npx --no ;; *) set -- ;; esac
      _labbook_reply "\${line#*[[:space:]]run}" "$@" "\${COMP_WORDS[0]}" run
      ;;
    ${PLAYBOOK_COMMANDS.join(' | ')}) case $cur in -*) ${reply(optionNames(options))} ;; esac ;;
    doc) ${reply(modules)} ;;
    completion) ${reply(Object.keys(SHELLS))} ;;
  esac
}
complete -o default -F _labbook labbook
`
}

function zsh({ commands, options, modules }: Completion): string {
  const entries = (all: readonly (readonly [name: string, help: string])[]): string =>
    all.map(([name, help]) => quoted(`${name.replaceAll(':', '\\:')}:${help}`)).join(' ')
  const withHelp = Object.entries(options).map(([name, { help }]) => [`--${name}`, help] as const)
  return `#compdef labbook
_labbook() {
  local -a commands options
  commands=(${entries(Object.entries(commands))})
  options=(${entries(withHelp)})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
    run) _labbook_reply \${@:#_*} $words[1] run "\${(@Q)words[3,CURRENT]}" ;;
    ${PLAYBOOK_COMMANDS.join('|')}) if [[ $words[CURRENT] == -* ]]; then _describe option options; else _files; fi ;;
    doc) compadd -- ${modules.join(' ')} ;;
    completion) compadd -- ${Object.keys(SHELLS).join(' ')} ;;
    *) _files ;;
  esac
}
compdef _labbook labbook
`
}

function fish({ commands, options, modules }: Completion): string {
  const after = (names: readonly string[]): string => `-n '__fish_seen_subcommand_from ${names.join(' ')}'`
  return [
    ...Object.entries(commands).map(
      ([name, help]) => `complete -c labbook -f -n __fish_use_subcommand -a ${name} -d ${fishQuoted(help)}`,
    ),
    ...Object.entries(options).map(
      ([name, { short, value, help }]) =>
        `complete -c labbook ${after(PLAYBOOK_COMMANDS)} -l ${name}${short === undefined ? '' : ` -s ${short}`}` +
        `${value === undefined ? '' : ' -r'} -d ${fishQuoted(help)}`,
    ),
    `complete -c labbook -f ${after(['run'])} -a '(__labbook_run)'`,
    `complete -c labbook -f ${after(['doc'])} -a '${modules.join(' ')}'`,
    `complete -c labbook -f ${after(['completion'])} -a '${Object.keys(SHELLS).join(' ')}'`,
    '',
  ].join('\n')
}

/** The scripts, by shell. */
export const SHELLS: Readonly<Record<string, (completion: Completion) => string>> = { bash, zsh, fish }

/**
 * `labbook completion SHELL`: prints a script that completes commands, options and modules, and the arguments of
 * entry points.
 *
 * @param commands - with their help.
 * @returns the exit code. @throws {UsageError}
 */
export function completionCommand(argv: readonly string[], commands: Completion['commands']): number {
  const [shell = '', ...others] = argv
  const script = Object.hasOwn(SHELLS, shell) && others.length === 0 ? SHELLS[shell] : undefined
  if (script === undefined) {
    const names = Object.keys(SHELLS)
    throw new UsageError(`completion takes one shell: ${names.join(', ')}${suggestion(shell, names)}`)
  }
  const modules = [...moduleSections(readFileSync(path.join(PACKAGE_ROOT, 'docs/modules.md'), 'utf8')).keys()]
  process.stdout.write(`${ENTRY_SCRIPTS[shell] ?? ''}\n${script({ commands, options: OPTIONS, modules })}`)
  return 0
}
