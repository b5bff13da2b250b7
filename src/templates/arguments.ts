import { fail } from './fault.ts'
import { isInteger, isNumeric, toNumber, typeName, type Named } from './values.ts'

/** A parameter: its name, and its default unless it is required. */
export type Param = readonly [name: string] | readonly [name: string, otherwise: unknown]

/** What filters and tests may ask of the template that calls them. */
export interface Host {
  filter(name: string, value: unknown, args: readonly unknown[], named: Named): unknown
  test(name: string, value: unknown, args: readonly unknown[], named: Named): boolean
  readonly hasFilter: (name: string) => boolean
  readonly hasTest: (name: string) => boolean
}

export interface Call {
  /** Values beyond the parameters. */
  readonly rest: readonly unknown[]
  /** Names beyond the parameters. */
  readonly named: Named
  readonly host: Host
}

/** A filter or a test. */
export interface Plugin {
  readonly params: readonly Param[]
  readonly takesRest: boolean
  readonly takesNamed: boolean
  /** Its input and arguments may be undefined. */
  readonly takesUndefined: boolean
  readonly run: (value: unknown, args: readonly unknown[], call: Call) => unknown
}

interface Options {
  readonly rest?: boolean
  readonly named?: boolean
  readonly takesUndefined?: boolean
}

/** Declares a filter or a test with its parameters. */
export const plugin = (params: readonly Param[], run: Plugin['run'], options: Options = {}): Plugin => ({
  params,
  takesRest: options.rest ?? false,
  takesNamed: options.named ?? false,
  takesUndefined: options.takesUndefined ?? false,
  run,
})

/** Distributes the arguments of a call to its parameters, as Python does. */
export function bind(
  name: string,
  { params, takesRest, takesNamed }: Pick<Plugin, 'params' | 'takesRest' | 'takesNamed'>,
  args: readonly unknown[],
  named: Named,
): { readonly values: unknown[]; readonly rest: unknown[]; readonly named: Named } {
  if (args.length > params.length && !takesRest)
    fail(
      `"${name}" takes ${params.length === 0 ? 'no arguments' : `at most ${params.length} arguments`}, not ${args.length}`,
    )
  const others = new Map(named)
  const values = params.map(([param, ...otherwise], i) => {
    if (i < args.length) {
      if (others.has(param)) fail(`"${name}" gets the argument "${param}" twice`)
      return args[i]
    }
    if (others.has(param)) {
      const value = others.get(param)
      others.delete(param)
      return value
    }
    return otherwise.length === 0 ? fail(`"${name}" needs the argument "${param}"`) : otherwise[0]
  })
  const [unknown] = others.keys()
  if (unknown !== undefined && !takesNamed) fail(`"${name}" has no argument "${unknown}"`)
  return { values, rest: args.slice(params.length), named: others }
}

export const asText = (value: unknown, what: string): string =>
  typeof value === 'string' ? value : fail(`${what} must be a text, not ${typeName(value)}`)

/** An int as a JavaScript number. */
export const asInt = (value: unknown, what: string): number =>
  isInteger(value) || typeof value === 'boolean'
    ? Number(value)
    : fail(`${what} must be an int, not ${typeName(value)}`)

export const asNumber = (value: unknown, what: string): number =>
  isNumeric(value) ? Number(toNumber(value)) : fail(`${what} must be a number, not ${typeName(value)}`)
