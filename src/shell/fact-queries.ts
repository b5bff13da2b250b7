/**
 * A fact that one process can query for many probes: `stat` accepts any number of paths. A batch runs the queries
 * before the first probe and stores the results in variables. A probe whose variable is unset queries the fact itself,
 * so this is only an optimization.
 */
export interface FactQuery {
  readonly collector: FactCollector
  /** The arguments of the query, as defined by the collector. */
  readonly args: readonly string[]
  /** Definitions of functions that the probe begins with: see {@link separateFunctions}. */
  readonly functions?: readonly string[]
}

export interface FactCollector {
  /**
   * Shell code that sets the variables. It prints nothing and leaves unknown facts unset. It may use `lb_collect_...`,
   * `set --` and IFS.
   */
  compose(asked: readonly (readonly string[])[]): string
}

const distinctFunctions = (facts: readonly FactQuery[]): string[] => [
  ...new Set(facts.flatMap(({ functions = [] }) => functions)),
]

/** Defines a shell function. Its commands run in the shell of the probe, and share its `lb_` variables. */
export const shellFunction = (name: string, commands: string): string => `${name}() {\n${commands}\n}\n`

/**
 * Separates probes from the functions they begin with, which a batch then sends and parses once.
 *
 * @returns the distinct functions, and the probes without them.
 */
export function separateFunctions(
  probes: readonly { readonly text: string; readonly factQueries: readonly FactQuery[] }[],
): { readonly functions: readonly string[]; readonly texts: readonly string[] } {
  const functions = new Set<string>()
  const texts = probes.map(({ text, factQueries }) => {
    const own = distinctFunctions(factQueries)
    const prefix = own.join('')
    if (!text.startsWith(prefix)) return text
    for (const each of own) functions.add(each)
    return text.slice(prefix.length)
  })
  return { functions: [...functions], texts }
}

/** A suffix for variable names, unique for each text: encodes characters that variable names cannot contain. */
export const variableSuffix = (text: string): string =>
  text.replace(/[^A-Za-z0-9]/gu, (character) => `_${character.codePointAt(0)?.toString(16)}_`)

/** Shell code for all queries. Collectors with a single query are omitted. */
export function composeFactQueries(shared: readonly FactQuery[]): string[] {
  const asked = new Map<FactCollector, Map<string, readonly string[]>>()
  for (const { collector: by, args: words } of shared) {
    const all = asked.get(by) ?? new Map<string, readonly string[]>()
    asked.set(by, all.set(words.join('\0'), words))
  }
  return [...asked].flatMap(([by, all]) =>
    all.size > 1 || shared.filter((each) => each.collector === by).length > 1 ? [by.compose([...all.values()])] : [],
  )
}
