import * as z from 'zod'
import { Secret } from '../values/secret.ts'
import { toText } from '../values/to-text.ts'
import { PlaybookError } from './play-context.ts'

/** The declaration of a variable that a playbook reads. */
export interface VarDefinition<T = unknown> {
  /** Accepts what YAML gives, and what `-e name=value` gives: text. `varTypes` has the usual ones. */
  readonly schema: z.ZodType<T>
  /** The value of an unset variable. Without a default, it is undefined. */
  readonly default?: T
  /** What it does, in a few words, for docs/variables.md. */
  readonly description: string
  /** The default as docs/variables.md shows it, if it depends on something. */
  readonly shownDefault?: string
  /** Errors do not show its value. */
  readonly secret?: boolean
  /**
   * What its value names, if it is not the same on other machines: a file or directory of the project, an image, or
   * hosts, clusters, disks and accounts. `report reproduce` does not take over such values of a run.
   */
  readonly refersTo?: 'file' | 'image' | 'machine'
}

type VarDefinitions = Readonly<Record<string, VarDefinition>>

type ValueOf<D> = D extends { readonly schema: z.ZodType<infer T> }
  ? D extends { readonly default: unknown }
    ? T
    : T | undefined
  : never

/** The values of declared variables. */
export type VarValues<D> = { readonly [K in keyof D]: ValueOf<D[K]> }

/** Declared variables of an area. */
export interface VarSet<D extends VarDefinitions = VarDefinitions> {
  /** The heading in docs/variables.md. */
  readonly area: string
  readonly definitions: D
  /**
   * The values of the variables, each checked when it is read.
   *
   * @param host - the host they belong to, for errors.
   * @throws {PlaybookError} when a variable with an invalid value is read.
   */
  read(vars: Readonly<Record<string, unknown>>, host?: string): VarValues<D>
}

/**
 * Declares the variables of an area, once. `null` in YAML means unset.
 *
 * @example
 * export const shopVars = defineVars('shop', {
 *   shop_replicas: { schema: varTypes.integer(1, 50), default: 2, description: 'replicas of the shop' },
 * })
 * // in a play: shopVars.read(on.vars).shop_replicas
 */
export const defineVars = <const D extends VarDefinitions>(area: string, definitions: D): VarSet<D> => ({
  area,
  definitions,
  read: (vars, host) =>
    // Getters, so that a run knows which variables it has used, and an unused one cannot fail it.
    Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries<VarDefinition>(definitions).map(([name, definition]) => [
          name,
          { enumerable: true, get: () => valueOf(name, definition, vars[name], host) },
        ]),
      ),
    ) as VarValues<D>,
})

function valueOf(name: string, definition: VarDefinition, value: unknown, host: string | undefined): unknown {
  if (value === undefined || value === null) return definition.default
  const { success, data, error } = definition.schema.safeParse(revealed(value))
  if (success) return data
  const variable = host === undefined ? name : `${host}: ${name}`
  const reasons = error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  )
  throw new PlaybookError(
    definition.secret === true
      ? `${variable}: ${reasons.join('; ')}`
      : `${variable} is ${JSON.stringify(value)}: ${reasons.join('; ')}`,
  )
}

/** Secrets as their text: the recorder masks it. The identical value if it has none. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, revealed(item)])
  if (entries.every(([key, item]) => item === (value as Record<string, unknown>)[key])) return value
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}

/**
 * A schema of what `parse` accepts. `expected` completes "it must be ..." in errors; `parse` returns undefined.
 *
 * @param json - the same as JSON Schema, for editors. Templates are always allowed.
 */
const accepts = <T>(
  expected: string,
  parse: (value: unknown) => T | undefined,
  json: Readonly<Record<string, unknown>> = {},
): z.ZodType<T> =>
  z
    .unknown()
    .transform((value, context): T => {
      const parsed = parse(value)
      if (parsed !== undefined) return parsed
      context.addIssue({ code: 'custom', message: `it must be ${expected}` })
      return z.NEVER
    })
    .meta({ ...json, description: expected })

const numberIn = (value: unknown): number =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : Number.NaN

const textIn = (value: unknown): string | undefined =>
  ['string', 'number', 'boolean'].includes(typeof value) ? toText(value) : undefined

/** A list, or `a,b` from the command line. */
const itemsIn = (value: unknown): readonly unknown[] | undefined =>
  Array.isArray(value)
    ? value
    : textIn(value)
        ?.split(',')
        .map((item) => item.trim())

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** JSON Schema of a text with a template, whose value editors cannot know. */
const TEMPLATE = { type: 'string', pattern: '\\{[{%]' }
const MAPPING = { anyOf: [{ type: 'object' }, TEMPLATE] }

/** Schemas of variables: each accepts the value itself, and its text from `-e name=value`. */
export const varTypes = {
  accepts,
  integer: (min: number, max: number): z.ZodType<number> =>
    accepts(
      `an integer from ${min} to ${max}`,
      (value) => {
        const number = numberIn(value)
        return Number.isInteger(number) && number >= min && number <= max ? number : undefined
      },
      { type: ['integer', 'string'], minimum: min, maximum: max },
    ),
  number: (min: number, max: number): z.ZodType<number> =>
    accepts(
      `a number from ${min} to ${max}`,
      (value) => {
        const number = numberIn(value)
        return number >= min && number <= max ? number : undefined
      },
      { type: ['number', 'string'], minimum: min, maximum: max },
    ),
  boolean: (): z.ZodType<boolean> =>
    accepts(
      'true or false',
      (value) => (value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined),
      { anyOf: [{ type: 'boolean' }, { enum: ['true', 'false'] }, TEMPLATE] },
    ),
  /** @param aliases - further accepted values, and what they mean. */
  oneOf: <const T extends string>(choices: readonly T[], aliases: Readonly<Record<string, T>> = {}): z.ZodType<T> =>
    accepts(
      `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`,
      (value) =>
        choices.find((choice) => choice === value) ?? Object.entries(aliases).find(([alias]) => alias === value)?.[1],
      { anyOf: [{ enum: [...choices, ...Object.keys(aliases)] }, TEMPLATE] },
    ),
  text: (): z.ZodType<string> => accepts('a string', textIn, { type: ['string', 'number', 'boolean'] }),
  /** @param items - the allowed items; by default all. */
  list: (items?: readonly string[]): z.ZodType<readonly string[]> =>
    accepts(
      items === undefined ? 'a list' : `a list of ${items.join(', ')}`,
      (value) => {
        const list = itemsIn(value)?.map(String)
        return list?.every((item) => items?.includes(item) ?? true) === true ? list : undefined
      },
      { type: ['array', 'string', 'number'] },
    ),
  /** A list of integers, sorted, without duplicates. */
  integers: (min: number, max: number, expected: string): z.ZodType<readonly number[]> =>
    accepts(
      expected,
      (value) => {
        const numbers = itemsIn(value)?.map(numberIn)
        const isValid = numbers?.every((number) => Number.isInteger(number) && number >= min && number <= max)
        return isValid === true && numbers !== undefined && numbers.length > 0
          ? [...new Set(numbers)].sort((a, b) => a - b)
          : undefined
      },
      { type: ['array', 'string', 'integer'] },
    ),
  /** @param example - completes "a mapping such as". */
  mapping: (example: string): z.ZodType<Readonly<Record<string, unknown>>> =>
    accepts(`a mapping such as ${example}`, (value) => (isMapping(value) ? value : undefined), MAPPING),
  /** A mapping of texts. */
  labels: (example: string): z.ZodType<Readonly<Record<string, string>>> =>
    accepts(
      `a mapping such as ${example}`,
      (value) =>
        isMapping(value)
          ? Object.fromEntries(Object.entries(value).map(([key, label]) => [key, String(label)]))
          : undefined,
      MAPPING,
    ),
} as const
