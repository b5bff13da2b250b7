import { asInt, plugin, type Call, type Plugin } from '../arguments.ts'
import { compare, equals, sortBy, unique } from '../compare.ts'
import { fail } from '../fault.ts'
import { binary } from '../operators.ts'
import { toText } from '../text.ts'
import { characters, defined, Dict, Group, isTrue, iterate, Tuple, typeName, Undefined } from '../values.ts'
import { attributePath, caseKey } from './attribute-path.ts'

/** The defined value of an attribute of an item. */
const attributeOf = (path: unknown): ((value: unknown) => unknown) => {
  const read = attributePath(path)
  return (value) => defined(read(value))
}

const identity = (value: unknown): unknown => value
const keyOf = (path: unknown): ((value: unknown) => unknown) => (path === null ? identity : attributeOf(path))

function extreme(name: string, wanted: number): Plugin {
  return plugin(
    [
      ['case_sensitive', false],
      ['attribute', null],
    ],
    (value, [caseSensitive, path]) => {
      const items = iterate(value).map(defined)
      const fold = caseKey(caseSensitive)
      const by = keyOf(path)
      const key = (item: unknown): unknown => fold(by(item))
      if (items.length === 0) return new Undefined('', `"${name}" of an empty list is not defined`)
      if (items.length === 1) key(items[0])
      return items.reduce((best, item) => (Math.sign(compare(key(item), key(best))) === wanted ? item : best))
    },
  )
}

function sort(value: unknown, [reverse, caseSensitive, path]: readonly unknown[]): unknown[] {
  const fold = caseKey(caseSensitive)
  const paths = typeof path === 'string' ? path.split(',') : [path]
  const keys = paths.map(keyOf)
  return sortBy(iterate(value).map(defined), (item) => keys.map((key) => fold(key(item))), isTrue(reverse))
}

function map(value: unknown, { rest, named, host }: Call): unknown[] {
  const items = value === null ? fail('"map" needs a list, not None') : iterate(value)
  if (rest.length === 0 && named.has('attribute')) {
    const path = attributePath(named.get('attribute'))
    for (const name of named.keys())
      if (name !== 'attribute' && name !== 'default') fail(`"map" has no argument "${name}"`)
    return items.map((item) => {
      const found = path(item)
      return found instanceof Undefined && named.has('default') ? named.get('default') : found
    })
  }
  const [name, ...args] = rest
  if (typeof name !== 'string') return fail('"map" needs the name of a filter, or attribute=')
  if (!host.hasFilter(name)) host.filter(name, null, [], new Map())
  return items.map((item) => host.filter(name, item, args, named))
}

/** `select`, `reject` and their variants for attributes. */
const selecting = (wanted: boolean, byAttribute: boolean): Plugin =>
  plugin(
    [],
    (value, _, { rest, named, host }) => {
      const [path, ...others] = byAttribute ? rest : [null, ...rest]
      const read = byAttribute ? attributePath(path) : identity
      const [test, ...args] = others
      return iterate(value).filter((item) => {
        const tested = read(item)
        const holds = test === undefined ? isTrue(tested) : host.test(toText(test), tested, args, named)
        return holds === wanted
      })
    },
    { rest: true, named: true, takesUndefined: true },
  )

function groupBy(value: unknown, [path, otherwise, caseSensitive]: readonly unknown[]): Group[] {
  const read = attributePath(path)
  const fold = caseKey(caseSensitive)
  const key = (item: unknown): unknown => {
    const found = read(item)
    return found instanceof Undefined && otherwise !== null ? otherwise : defined(found)
  }
  const groups: { readonly key: unknown; readonly items: unknown[] }[] = []
  for (const item of sortBy(iterate(value), (each) => fold(key(each)))) {
    const last = groups.at(-1)
    if (last !== undefined && equals(fold(key(last.items[0])), fold(key(item)))) last.items.push(item)
    else groups.push({ key: key(item), items: [item] })
  }
  return groups.map(({ key: grouper, items }) => group(grouper, items))
}

function group(grouper: unknown, list: unknown[]): Group {
  const made = new Group()
  made.push(grouper, list)
  return made
}

function batch(value: unknown, [count, fill]: readonly unknown[]): unknown[][] {
  const size = asInt(count, 'linecount')
  if (size < 1) fail('"batch" needs a positive number')
  const items = iterate(value)
  const rows: unknown[][] = []
  for (let i = 0; i < items.length; i += size) rows.push(items.slice(i, i + size))
  const last = rows.at(-1)
  if (last !== undefined && fill !== null) while (last.length < size) last.push(fill)
  return rows
}

function slices(value: unknown, [count, fill]: readonly unknown[]): unknown[][] {
  const number = asInt(count, 'slices')
  if (number < 1) fail('"slice" needs a positive number')
  const items = iterate(value)
  const [size, more] = [Math.floor(items.length / number), items.length % number]
  let from = 0
  return Array.from({ length: number }, (_, i) => {
    const part = items.slice(from, (from += size + (i < more ? 1 : 0)))
    if (fill !== null && i >= more) part.push(fill)
    return part
  })
}

function flatten(value: unknown, [levels, skipNulls]: readonly unknown[]): unknown[] {
  const depth = levels === null ? Number.POSITIVE_INFINITY : asInt(levels, 'levels')
  const into = (items: readonly unknown[], left: number): unknown[] =>
    items.flatMap((item) => {
      if (isTrue(skipNulls) && (item === null || item === 'None' || item === 'null')) return []
      if (!Array.isArray(item)) return [item]
      return left >= 1 ? into(item as unknown[], left - 1) : [item]
    })
  return Array.isArray(value)
    ? into(value as unknown[], depth)
    : fail(`"flatten" needs a list, not a ${typeName(value)}`)
}

const lists = (value: unknown, others: readonly unknown[]): unknown[][] =>
  [value, ...others].map((each) => iterate(each))

function* combinations(items: readonly unknown[], size: number, from = 0): Generator<unknown[]> {
  if (size === 0) yield []
  else
    for (let i = from; i <= items.length - size; i++)
      for (const rest of combinations(items, size - 1, i + 1)) yield [items[i], ...rest]
}

function* permutations(items: readonly unknown[], size: number): Generator<unknown[]> {
  if (size === 0) yield []
  else
    for (const [i, item] of items.entries())
      for (const rest of permutations(items.toSpliced(i, 1), size - 1)) yield [item, ...rest]
}

const tuples = (all: Iterable<readonly unknown[]>): Tuple[] => {
  const made: Tuple[] = []
  for (const items of all) {
    made.push(Tuple.make(items))
    if (made.length > 100_000) fail('the result has more than 100000 items')
  }
  return made
}

function* product(of: readonly (readonly unknown[])[]): Generator<unknown[]> {
  const [first, ...rest] = of
  if (first === undefined) yield []
  else for (const item of first) for (const others of product(rest)) yield [item, ...others]
}

/** Sets of Python have no order of their own: these keep the order of the lists. */
const setOperation = (run: (a: unknown[], b: unknown[]) => unknown[]): Plugin =>
  plugin([['b']], (value, [other]) => unique(run(iterate(value), iterate(other))))

const within = (items: readonly unknown[], item: unknown): boolean => items.some((each) => equals(each, item))
const length = plugin([], (value) =>
  value instanceof Dict
    ? value.size
    : typeof value === 'string' || Array.isArray(value)
      ? iterate(value).length
      : fail(`a ${typeName(value)} has no length`),
)

const end = (name: string, at: 0 | -1): Plugin =>
  plugin([], (value) => {
    const items = iterate(value)
    return items.length === 0 ? new Undefined('', `"${name}" of an empty list is not defined`) : items.at(at)
  })

export const sequenceFilters: Readonly<Record<string, Plugin>> = {
  length,
  count: length,
  list: plugin([], (value) => [...iterate(value)]),
  first: end('first', 0),
  last: end('last', -1),
  min: extreme('min', -1),
  max: extreme('max', 1),
  sum: plugin(
    [
      ['attribute', null],
      ['start', 0],
    ],
    (value, [path, start]) =>
      iterate(value).reduce((total: unknown, item) => binary('+', total, keyOf(path)(item)), start),
  ),
  sort: plugin(
    [
      ['reverse', false],
      ['case_sensitive', false],
      ['attribute', null],
    ],
    sort,
  ),
  reverse: plugin([], (value) =>
    typeof value === 'string' ? characters(value).reverse().join('') : [...iterate(value)].reverse(),
  ),
  unique: plugin(
    [
      ['case_sensitive', null],
      ['attribute', null],
    ],
    (value, [caseSensitive, path]) => {
      const fold = caseKey(caseSensitive)
      const by = keyOf(path)
      return unique(iterate(value), (item) => fold(by(item)))
    },
  ),
  join: plugin(
    [
      ['d', ''],
      ['attribute', null],
    ],
    (value, [mark, path]) =>
      iterate(value)
        .map((item) => toText(keyOf(path)(item)))
        .join(toText(mark)),
  ),
  map: plugin([], (value, _, call) => map(value, call), { rest: true, named: true }),
  select: selecting(true, false),
  reject: selecting(false, false),
  selectattr: selecting(true, true),
  rejectattr: selecting(false, true),
  groupby: plugin([['attribute'], ['default', null], ['case_sensitive', false]], groupBy),
  batch: plugin([['linecount'], ['fill_with', null]], batch),
  slice: plugin([['slices'], ['fill_with', null]], slices),
  flatten: plugin(
    [
      ['levels', null],
      ['skip_nulls', true],
    ],
    flatten,
  ),
  zip: plugin(
    [],
    (value, _, { rest }) => {
      const all = lists(value, rest)
      return Array.from({ length: Math.min(...all.map((each) => each.length)) }, (_unused, i) =>
        Tuple.make(all.map((each) => each[i])),
      )
    },
    { rest: true },
  ),
  zip_longest: plugin(
    [],
    (value, _, { rest, named }) => {
      const all = lists(value, rest)
      const fill = named.get('fillvalue') ?? null
      return Array.from({ length: Math.max(...all.map((each) => each.length)) }, (_unused, i) =>
        Tuple.make(all.map((each) => (i < each.length ? each[i] : fill))),
      )
    },
    { rest: true, named: true },
  ),
  product: plugin(
    [],
    (value, _, { rest, named }) => {
      const all = lists(value, rest)
      return tuples(product(Array.from({ length: asInt(named.get('repeat') ?? 1, 'repeat') }, () => all).flat()))
    },
    { rest: true, named: true },
  ),
  combinations: plugin([['r']], (value, [size]) => tuples(combinations(iterate(value), asInt(size, 'r')))),
  permutations: plugin([['r', null]], (value, [size]) => {
    const items = iterate(value)
    return tuples(permutations(items, size === null ? items.length : asInt(size, 'r')))
  }),
  union: setOperation((a, b) => [...a, ...b]),
  intersect: setOperation((a, b) => a.filter((item) => within(b, item))),
  difference: setOperation((a, b) => a.filter((item) => !within(b, item))),
  symmetric_difference: setOperation((a, b) => [
    ...a.filter((item) => !within(b, item)),
    ...b.filter((item) => !within(a, item)),
  ]),
}
