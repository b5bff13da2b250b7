import { plugin, type Plugin } from './arguments.ts'
import { fail } from './fault.ts'
import { Dict, iterate, Tuple } from './values.ts'
import { toRepr } from './text.ts'

const MISSING = Symbol('missing')
const dict = (value: unknown): Dict => value as Dict

/** The pairs of a dict, or of a list of pairs. */
export const pairsOf = (value: unknown): [unknown, unknown][] =>
  value instanceof Dict
    ? value.entries()
    : iterate(value).map((pair) => {
        const items = iterate(pair)
        return items.length === 2
          ? [items[0], items[1]]
          : fail(`a dict needs pairs of a key and a value, not ${items.length} items`)
      })

/** Python's methods of a dict. */
export const dictMethods: Readonly<Record<string, Plugin>> = {
  keys: plugin([], (of) => dict(of).keys()),
  values: plugin([], (of) => dict(of).values()),
  items: plugin([], (of) =>
    dict(of)
      .entries()
      .map(([key, value]) => Tuple.make([key, value])),
  ),
  get: plugin([['key'], ['default', null]], (of, [key, otherwise]) =>
    dict(of).has(key) ? dict(of).get(key) : otherwise,
  ),
  copy: plugin([], (of) => dict(of).copy()),
  update: plugin(
    [['other', new Dict()]],
    (of, [other], { named }) => {
      for (const [key, value] of [...pairsOf(other), ...named]) dict(of).set(key, value)
      return null
    },
    { named: true },
  ),
  setdefault: plugin([['key'], ['default', null]], (of, [key, otherwise]) => {
    if (!dict(of).has(key)) dict(of).set(key, otherwise)
    return dict(of).get(key)
  }),
  pop: plugin([['key'], ['default', MISSING]], (of, [key, otherwise]) => {
    if (!dict(of).has(key)) return otherwise === MISSING ? fail(`the dict has no key ${toRepr(key)}`) : otherwise
    const value = dict(of).get(key)
    dict(of).delete(key)
    return value
  }),
  clear: plugin([], (of) => {
    dict(of).clear()
    return null
  }),
}
