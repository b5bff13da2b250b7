import { plugin, type Plugin } from '../arguments.ts'
import { attribute, item } from '../attributes.ts'
import { equals, sortBy } from '../compare.ts'
import { fail } from '../fault.ts'
import { toRepr, toText } from '../text.ts'
import { defined, Dict, isTrue, iterate, Tuple, typeName, Undefined } from '../values.ts'
import { attributePath, caseKey } from './attribute-path.ts'

const needDict = (value: unknown, what: string): Dict =>
  value instanceof Dict ? value : fail(`${what} needs a dict, not a ${typeName(value)}`)

type ListMerge = 'replace' | 'keep' | 'append' | 'prepend' | 'append_rp' | 'prepend_rp'
const MERGES: readonly string[] = [
  'replace',
  'keep',
  'append',
  'prepend',
  'append_rp',
  'prepend_rp',
] satisfies ListMerge[]

function mergeLists(x: unknown[], y: unknown[], how: string): unknown[] {
  const without = (a: unknown[], b: unknown[]): unknown[] => a.filter((each) => !b.some((other) => equals(each, other)))
  switch (how) {
    case 'keep':
      return x
    case 'append':
      return [...x, ...y]
    case 'prepend':
      return [...y, ...x]
    case 'append_rp':
      return [...without(x, y), ...y]
    case 'prepend_rp':
      return [...y, ...without(x, y)]
    default:
      return y
  }
}

/** Ansible's `merge_hash`: the second dict wins. */
function merge(x: Dict, y: Dict, recursive: boolean, how: string): Dict {
  const result = x.copy()
  for (const [key, value] of y.entries()) {
    const before = result.get(key)
    if (recursive && before instanceof Dict && value instanceof Dict)
      result.set(key, merge(before, value, recursive, how))
    else if (isList(before) && isList(value)) result.set(key, mergeLists(before, value, how))
    else result.set(key, value)
  }
  return result
}

const isList = (value: unknown): value is unknown[] => Array.isArray(value) && !(value instanceof Tuple)

const combine = plugin(
  [],
  (value, _, { rest, named }) => {
    const how = toText(named.get('list_merge') ?? 'replace')
    if (!MERGES.includes(how)) fail(`"combine" has no list_merge "${how}"`)
    for (const name of named.keys())
      if (name !== 'recursive' && name !== 'list_merge') fail(`"combine" has no argument "${name}"`)
    // A list among the dicts stands for its items.
    const dicts = [value, ...rest].flatMap((each): unknown[] =>
      isList(each) ? each.flat(Number.POSITIVE_INFINITY) : [each],
    )
    return dicts
      .map((each) => needDict(each, '"combine"'))
      .reduce((all, each) => merge(all, each, isTrue(named.get('recursive') ?? false), how), new Dict())
  },
  { rest: true, named: true },
)

function extract(key: unknown, container: unknown, more: unknown): unknown {
  const keys = more === null ? [key] : isList(more) ? [key, ...more] : [key, more]
  return keys.reduce((value, each) => {
    const found = item(value, each, toText(each))
    return found instanceof Undefined && typeof each === 'string' ? attribute(value, each, each) : found
  }, container)
}

function subelements(value: unknown, [path, skipMissing]: readonly unknown[]): Tuple[] {
  const read = attributePath(typeof path === 'string' ? path : iterate(path).map(toText).join('.'))
  const items = value instanceof Dict ? value.values() : iterate(value)
  return items.flatMap((each) => {
    const inner = read(each)
    if (inner instanceof Undefined)
      return isTrue(skipMissing) ? [] : fail(`"subelements" finds no "${toText(path)}" in ${toRepr(each)}`)
    if (!isList(inner)) return fail(`"subelements" needs a list in "${toText(path)}", not a ${typeName(inner)}`)
    return inner.map((sub) => Tuple.make([each, sub]))
  })
}

function rekey(value: unknown, [key, duplicates]: readonly unknown[]): Dict {
  const result = new Dict()
  for (const each of value instanceof Dict ? value.values() : iterate(value)) {
    const dict = needDict(each, '"rekey_on_member"')
    if (!dict.has(key)) fail(`"rekey_on_member" finds no ${toRepr(key)} in ${toRepr(dict)}`)
    const by = dict.get(key)
    if (result.has(by) && duplicates === 'error') fail(`"rekey_on_member" finds the key ${toRepr(by)} twice`)
    result.set(by, dict)
  }
  return result
}

export const dictFilters: Readonly<Record<string, Plugin>> = {
  items: plugin([], (value) =>
    needDict(value, '"items"')
      .entries()
      .map(([key, each]) => Tuple.make([key, each])),
  ),
  dict2items: plugin(
    [
      ['key_name', 'key'],
      ['value_name', 'value'],
    ],
    (value, [key, name]) =>
      needDict(value, '"dict2items"')
        .entries()
        .map(([of, each]) =>
          Dict.from([
            [key, of],
            [name, each],
          ]),
        ),
  ),
  items2dict: plugin(
    [
      ['key_name', 'key'],
      ['value_name', 'value'],
    ],
    (value, [key, name]) =>
      Dict.from(
        iterate(value).map((each) => {
          const dict = needDict(each, '"items2dict"')
          for (const wanted of [key, name])
            if (!dict.has(wanted)) fail(`"items2dict" finds no ${toRepr(wanted)} in ${toRepr(dict)}`)
          return [dict.get(key), dict.get(name)]
        }),
      ),
  ),
  dictsort: plugin(
    [
      ['case_sensitive', false],
      ['by', 'key'],
      ['reverse', false],
    ],
    (value, [caseSensitive, by, reverse]) => {
      if (by !== 'key' && by !== 'value') fail('"dictsort" needs by="key" or by="value"')
      const fold = caseKey(caseSensitive)
      const pairs = needDict(value, '"dictsort"').entries()
      return sortBy(pairs, (pair) => fold(pair[by === 'key' ? 0 : 1]), isTrue(reverse)).map((pair) => Tuple.make(pair))
    },
  ),
  combine,
  extract: plugin([['container'], ['morekeys', null]], (value, [container, more]) => extract(value, container, more)),
  subelements: plugin([['subelements'], ['skip_missing', false]], subelements),
  rekey_on_member: plugin([['key'], ['duplicates', 'error']], rekey),
  attr: plugin([['name']], (value, [name]) => {
    if (value instanceof Dict)
      return new Undefined(toText(name), `a dict has no attribute "${toText(name)}": write [${toRepr(name)}]`)
    return attribute(value, toText(name), toText(name))
  }),
}

/** Filters for values of any kind. */
export const generalFilters: Readonly<Record<string, Plugin>> = {
  default: plugin(
    [
      ['default_value', ''],
      ['boolean', false],
    ],
    (value, [otherwise, boolean]) =>
      value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? otherwise : value,
    { takesUndefined: true },
  ),
  mandatory: plugin(
    [['msg', null]],
    (value, [message]) =>
      value instanceof Undefined ? fail(message === null ? value.message : toText(message)) : value,
    { takesUndefined: true },
  ),
  ternary: plugin(
    [['true_val'], ['false_val'], ['none_val', null]],
    (value, [yes, no, none]) => {
      const of = defined(value)
      if (of === null && none !== null) return none
      return isTrue(of) ? yes : no
    },
    { takesUndefined: true },
  ),
  type_debug: plugin([], (value) => typeName(value)),
  pprint: plugin([], (value) => {
    const text = toRepr(value)
    return text.length > 78
      ? fail('"pprint" of a long value is not supported: use "to_nice_json" or "to_nice_yaml"')
      : text
  }),
}
