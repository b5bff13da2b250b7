import { fail } from './fault.ts'
import { pairsOf } from './methods-dict.ts'
import { toText } from './text.ts'
import { Callable, Dict, isTrue, Undefined } from './values.ts'

/** What lookups need of the template that calls them. */
export interface LookupSource {
  /** The text of a file on the controller; undefined: it was not found. */
  readonly file: (name: string) => string | undefined
  /** A rendered template of the controller. */
  readonly template: (name: string) => string
  readonly variable: (name: string) => unknown
}

type Lookup = (terms: readonly unknown[], named: Map<string, unknown>, source: LookupSource) => unknown[]

/** Takes an argument by name, so that the rest are unknown. */
function take(named: Map<string, unknown>, name: string): unknown {
  const value = named.get(name)
  named.delete(name)
  return value
}

const LOOKUPS: Readonly<Record<string, Lookup>> = {
  env: (terms, named) => {
    const otherwise = take(named, 'default')
    return terms.map((term) => process.env[toText(term)] ?? otherwise ?? '')
  },
  file: (terms, named, source) => {
    const [right, left] = [take(named, 'rstrip') ?? true, take(named, 'lstrip') ?? false]
    return terms.map((term) => {
      const text = source.file(toText(term)) ?? fail(`the lookup "file" finds no "${toText(term)}" on the controller`)
      const trimmed = isTrue(right) ? text.trimEnd() : text
      return isTrue(left) ? trimmed.trimStart() : trimmed
    })
  },
  template: (terms, _, source) => terms.map((term) => source.template(toText(term))),
  password: (terms, named, source) =>
    terms.map((term) => {
      const [file = '', ...options] = toText(term).split(/\s+/)
      const encrypts = [...named.keys(), ...options].find((option) => /^(encrypt|ident|seed)/.test(option))
      if (encrypts !== undefined) fail(`the lookup "password" does not support "${encrypts}"`)
      for (const name of ['length', 'chars']) take(named, name)
      if (file === '/dev/null')
        fail('the lookup "password" with /dev/null would change the file with each run: name a file')
      const text = source.file(file)
      if (text === undefined)
        return fail(`the lookup "password" finds no "${file}" on the controller: create it, Labbook does not`)
      const [first = ''] = text.split('\n')
      return / (salt|ident)=/.test(first)
        ? fail(`"${file}" has a salt, which the lookup "password" does not support`)
        : first
    }),
  vars: (terms, named, source) => {
    const otherwise = take(named, 'default')
    return terms.map((term) => {
      const value = source.variable(toText(term)) ?? otherwise
      return value === undefined || value instanceof Undefined
        ? (otherwise ?? fail(`the lookup "vars" finds no variable "${toText(term)}"`))
        : value
    })
  },
  dict: (terms) =>
    terms.flatMap((term) =>
      pairsOf(term).map(([key, value]) =>
        Dict.from([
          ['key', key],
          ['value', value],
        ]),
      ),
    ),
  items: (terms) => terms.flatMap((term) => (Array.isArray(term) ? (term as unknown[]) : [term])),
  list: (terms) => [...terms],
}

/** `lookup(name, ...terms)`; `query` and `q` return a list. */
export const lookupFunction = (name: string, source: LookupSource): Callable =>
  new Callable(name, (args, given) => lookup(args, new Map(given), source, name !== 'lookup'))

function lookup(args: readonly unknown[], named: Map<string, unknown>, source: LookupSource, asList: boolean): unknown {
  const [which, ...terms] = args
  const short = toText(which ?? fail('"lookup" needs the name of a lookup')).replace(/^ansible\.(builtin|legacy)\./, '')
  const run = Object.hasOwn(LOOKUPS, short) ? LOOKUPS[short] : undefined
  if (run === undefined) return fail(`the lookup "${short}" is not supported: use ${Object.keys(LOOKUPS).join(', ')}`)
  const list = asList || isTrue(take(named, 'wantlist') ?? false)
  const errors = take(named, 'errors') ?? 'strict'
  if (errors !== 'strict') fail('the argument "errors" of a lookup is not supported')
  const values = run(terms, named, source)
  for (const unknown of named.keys()) fail(`the lookup "${short}" has no argument "${unknown}"`)
  if (list) return values
  if (values.length === 1) return values[0]
  return values.every((value) => typeof value === 'string') ? values.join(',') : values
}
