import { type OptionSpec } from '../command-line.ts'
import { OPTIONS } from '../options.ts'

/** A word to complete to, and what it means. */
export interface Candidate {
  readonly word: string
  readonly help?: string
}

/** In place of candidates: the shell completes the name of a file. */
export const FILES = 'files'

/** What completes the values of options. Read on demand: most need the inventory. */
export interface CompletionSources {
  readonly subcommands: Readonly<Record<string, string>>
  readonly hostsAndGroups: () => readonly string[]
  readonly tags: () => readonly string[]
  readonly tasks: () => readonly string[]
  readonly runs: () => readonly string[]
  readonly variables: () => readonly string[]
  readonly providers: readonly string[]
}

type Name = keyof typeof OPTIONS
type Values = 'list' | 'pattern' | 'one'

/** How an option's value is completed: one value, or a list of which the last is. */
const VALUES: Partial<Record<Name, readonly [Values, (sources: CompletionSources) => readonly string[]]>> = {
  limit: ['pattern', (sources) => sources.hostsAndGroups()],
  tags: ['list', (sources) => sources.tags()],
  'skip-tags': ['list', (sources) => sources.tags()],
  'start-at-task': ['one', (sources) => sources.tasks()],
  'retry-failed': ['one', (sources) => [...sources.runs(), 'latest']],
  'extra-vars': ['one', (sources) => sources.variables().map((name) => `${name}=`)],
  provider: ['one', (sources) => sources.providers],
  completion: ['one', () => OPTIONS.completion.choices],
}

const FILE_OPTIONS: readonly Name[] = ['inventory', 'private-key', 'key-file']

/**
 * Completes the last of the words after the name of a playbook.
 *
 * @returns the candidates that begin with it, or {@link FILES}.
 */
export function completions(words: readonly string[], sources: CompletionSources): readonly Candidate[] | typeof FILES {
  const current = words.at(-1) ?? ''
  const option = optionBefore(words.at(-2))
  if (option !== undefined) return valueCandidates(option, current, '', sources)
  const inline = /^--([^=]+)=(.*)$/s.exec(current)
  if (inline !== null) {
    const [, name = '', value = ''] = inline
    return isName(name) ? valueCandidates(name, value, `--${name}=`, sources) : []
  }
  const choices = current.startsWith('-')
    ? Object.entries<OptionSpec>(OPTIONS).map(([name, { help }]) => ({ word: `--${name}`, help }))
    : Object.entries(sources.subcommands).map(([name, help]) => ({ word: name.split(' ')[0] ?? name, help }))
  return choices.filter(({ word }) => word.startsWith(current))
}

const isName = (name: string): name is Name => Object.hasOwn(OPTIONS, name)

/** The option whose value follows a word: `--limit`, `-l`, `-Cl`. */
function optionBefore(word: string | undefined): Name | undefined {
  const long = /^--([a-z-]+)$/.exec(word ?? '')?.[1]
  const short = /^-[A-Za-z]*([A-Za-z])$/.exec(word ?? '')?.[1]
  return (Object.entries<OptionSpec>(OPTIONS) as [Name, OptionSpec][]).find(
    ([name, spec]) => spec.value !== undefined && (name === long || (short !== undefined && spec.short === short)),
  )?.[0]
}

function valueCandidates(
  option: Name,
  current: string,
  prefix: string,
  sources: CompletionSources,
): readonly Candidate[] | typeof FILES {
  const isFile = FILE_OPTIONS.includes(option)
  if (isFile || (current.startsWith('@') && (option === 'limit' || option === 'extra-vars'))) return FILES
  const values = VALUES[option]
  if (values === undefined) return []
  const [kind, read] = values
  const separators = kind === 'pattern' ? /^.*[,:&!]/s : kind === 'list' ? /^.*,/s : /^$/
  const before = separators.exec(current)?.[0] ?? ''
  const last = current.slice(before.length)
  return read(sources)
    .filter((value) => value.startsWith(last))
    .map((value) => ({ word: `${prefix}${before}${value}` }))
}

/** A line for each candidate, as the scripts of the shells read them: the word, a tab, and what it means. */
export const candidateLines = (found: readonly Candidate[] | typeof FILES): string =>
  found === FILES
    ? ':files\n'
    : found.map(({ word, help }) => `${word}${help === undefined ? '' : `\t${help}`}\n`).join('')
