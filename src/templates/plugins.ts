import type { Plugin } from './arguments.ts'
import { cryptoFilters } from './filters/crypto.ts'
import { dictFilters, generalFilters } from './filters/dict.ts'
import { jsonFilters } from './filters/json.ts'
import { ipFilters } from './filters/network.ts'
import { numberFilters } from './filters/number.ts'
import { pathFilters } from './filters/path.ts'
import { regexFilters } from './filters/regex.ts'
import { sequenceFilters } from './filters/sequence.ts'
import { textFilters } from './filters/text.ts'
import { yamlFilters } from './filters/yaml.ts'
import { testOf } from './tests.ts'

const FILTERS: Readonly<Record<string, Plugin>> = {
  ...textFilters,
  ...numberFilters,
  ...sequenceFilters,
  ...dictFilters,
  ...generalFilters,
  ...jsonFilters,
  ...yamlFilters,
  ...regexFilters,
  ...cryptoFilters,
  ...pathFilters,
  ...ipFilters,
}

const ALIASES: Readonly<Record<string, string>> = { d: 'default' }

/** Filters of Ansible that are left out, with the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  random: 'each run would change the file',
  shuffle: 'each run would change the file',
  strftime: 'it depends on the time zone of the controller',
}

/** A filter by name, with and without Ansible's namespace. */
export function filterOf(name: string): Plugin | undefined {
  const short = name.replace(/^ansible\.(builtin|legacy)\./, '')
  const of = ALIASES[short] ?? short
  return Object.hasOwn(FILTERS, of) ? FILTERS[of] : undefined
}

/** Why there is no filter or test of a name. */
export function unsupported(kind: 'filter' | 'test', name: string): string {
  const reason = kind === 'filter' && Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined
  return reason === undefined
    ? `the ${kind} "${name}" does not exist or is not supported`
    : `the ${kind} "${name}" is not supported: ${reason}`
}

/** The names of all filters. */
export const filterNames = (): string[] =>
  [...Object.keys(FILTERS), ...Object.keys(ALIASES)].filter((name) => !name.includes('.')).sort()

export { testOf }
