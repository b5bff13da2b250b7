import { asInt, plugin, type Plugin } from './arguments.ts'
import { equals, sortBy } from './compare.ts'
import { fail } from './fault.ts'
import { toRepr } from './text.ts'
import { isTrue, iterate } from './values.ts'

const list = (value: unknown): unknown[] => value as unknown[]

/** Changes a list in place, and returns Python's None. */
const changing = (params: Plugin['params'], change: (items: unknown[], args: readonly unknown[]) => void): Plugin =>
  plugin(params, (of, args) => {
    change(list(of), args)
    return null
  })

export const tupleMethods: Readonly<Record<string, Plugin>> = {
  index: plugin([['value'], ['start', 0]], (of, [value, start]) => {
    const from = asInt(start, 'start')
    const index = list(of).findIndex((item, i) => i >= from && equals(item, value))
    return index === -1 ? fail(`${toRepr(value)} is not in the list`) : index
  }),
  count: plugin([['value']], (of, [value]) => list(of).filter((item) => equals(item, value)).length),
}

/** Python's methods of a list. */
export const listMethods: Readonly<Record<string, Plugin>> = {
  ...tupleMethods,
  append: changing([['value']], (items, [value]) => void items.push(value)),
  extend: changing([['values']], (items, [values]) => void items.push(...iterate(values))),
  insert: changing(
    [['index'], ['value']],
    (items, [index, value]) => void items.splice(asInt(index, 'index'), 0, value),
  ),
  remove: changing([['value']], (items, [value]) => {
    const index = items.findIndex((item) => equals(item, value))
    if (index === -1) fail(`${toRepr(value)} is not in the list`)
    items.splice(index, 1)
  }),
  clear: changing([], (items) => void items.splice(0)),
  reverse: changing([], (items) => void items.reverse()),
  sort: changing([['reverse', false]], (items, [reverse]) => {
    items.splice(0, items.length, ...sortBy(items, (item) => item, isTrue(reverse)))
  }),
  pop: plugin([['index', -1]], (of, [index]) => {
    const items = list(of)
    const at = asInt(index, 'index')
    const place = at < 0 ? at + items.length : at
    return place >= 0 && place < items.length ? items.splice(place, 1)[0] : fail('"pop" finds no item')
  }),
  copy: plugin([], (of) => [...list(of)]),
}
