import { asInt, asText, plugin, type Param, type Plugin } from './arguments.ts'
import { fail } from './fault.ts'
import { formatBraces, pad } from './format-braces.ts'
import { characters, isTrue, iterate, Tuple, typeName } from './values.ts'
import { slice } from './operators.ts'

const text = (value: unknown): string => value as string

const simple = (run: (of: string) => unknown): Plugin => plugin([], (of) => run(text(of)))

const withRange = (run: (of: string, part: string, offset: number) => unknown): Plugin =>
  plugin([['text'], ['start', null], ['end', null]], (of, [part, start, end]) => {
    const all = characters(text(of))
    const within = slice(all, [start, end]).join('')
    const from = start === null ? 0 : asInt(start, 'start')
    return run(within, asText(part, 'the text'), from < 0 ? Math.max(0, from + all.length) : from)
  })

const affix = (matches: (of: string, part: string) => boolean): Plugin =>
  plugin([['text'], ['start', null], ['end', null]], (of, [part, start, end]) => {
    const within = slice(characters(text(of)), [start, end]).join('')
    const parts = part instanceof Tuple ? part : [part]
    return parts.some((each) => matches(within, asText(each, 'the text')))
  })

/** Index in characters, not in UTF-16 units. */
const found = (within: string, index: number, offset: number): number =>
  index === -1 ? -1 : characters(within.slice(0, index)).length + offset

const needed = (index: number): number => (index === -1 ? fail('the text does not contain the other') : index)

export function strip(of: string, set: unknown, sides: 'both' | 'left' | 'right'): string {
  const items = characters(of)
  const trims = set === null ? (c: string) => /\s/.test(c) : (c: string) => asText(set, 'the characters').includes(c)
  let from = 0
  let to = items.length
  if (sides !== 'right') while (from < to && trims(items[from] as string)) from++
  if (sides !== 'left') while (to > from && trims(items[to - 1] as string)) to--
  return items.slice(from, to).join('')
}

const stripping = (sides: 'both' | 'left' | 'right'): Plugin =>
  plugin([['chars', null]], (of, [set]) => strip(text(of), set, sides))

/** `split`: without a separator at any white space, and without empty texts. */
export function split(of: string, separator: unknown, limit: number, fromRight = false): string[] {
  const most = limit < 0 ? Number.POSITIVE_INFINITY : limit
  if (separator === null) {
    const words = [...of.matchAll(/\S+/g)]
    if (words.length <= most + 1) return words.map(([word]) => word)
    if (fromRight) {
      const kept = words.slice(words.length - most)
      const rest = of.slice(0, kept[0]?.index ?? of.length)
      return [rest.trim(), ...kept.map(([word]) => word)]
    }
    const rest = words[most]
    return [...words.slice(0, most).map(([word]) => word), of.slice(rest?.index).trimEnd()]
  }
  const mark = asText(separator, 'the separator')
  if (mark === '') fail('the separator cannot be empty')
  const parts = of.split(mark)
  if (parts.length <= most + 1) return parts
  return fromRight
    ? [parts.slice(0, parts.length - most).join(mark), ...parts.slice(parts.length - most)]
    : [...parts.slice(0, most), parts.slice(most).join(mark)]
}

const splitting = (fromRight: boolean): Plugin =>
  plugin(
    [
      ['sep', null],
      ['maxsplit', -1],
    ],
    (of, [separator, limit]) => split(text(of), separator, asInt(limit, 'maxsplit'), fromRight),
  )

const partition = (fromRight: boolean): Plugin =>
  plugin([['sep']], (of, [separator]) => {
    const mark = asText(separator, 'the separator')
    const at = fromRight ? text(of).lastIndexOf(mark) : text(of).indexOf(mark)
    if (at === -1) return fromRight ? Tuple.make(['', '', of]) : Tuple.make([of, '', ''])
    return Tuple.make([text(of).slice(0, at), mark, text(of).slice(at + mark.length)])
  })

const FILL: Param[] = [['width'], ['fill', ' ']]

const justified = (align: string): Plugin =>
  plugin(FILL, (of, [width, fill]) => pad(text(of), asText(fill, 'the fill'), align, asInt(width, 'the width')))

/** Python puts the odd space to the left if the text's length and the width are odd and even. */
export function center(of: string, width: number, fill = ' '): string {
  const missing = Math.max(0, width - characters(of).length)
  const left = Math.floor(missing / 2) + (missing & width & 1)
  return fill.repeat(left) + of + fill.repeat(missing - left)
}

export const lower = (of: string): string => of.toLowerCase()
export const capitalize = (of: string): string => {
  const [first = '', ...rest] = characters(of)
  return first.toUpperCase() + rest.join('').toLowerCase()
}
export const splitLines = (of: string, keepEnds = false): string[] =>
  of === ''
    ? []
    : (of.match(/[^\r\n\v\f\x1c-\x1e\x85\u2028\u2029]*(?:\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]|$)/g) ?? [])
        .filter((line) => line !== '')
        .map((line) => (keepEnds ? line : line.replace(/(?:\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029])$/, '')))

const is = (pattern: RegExp): Plugin => simple((of) => pattern.test(of))
const cased = (of: string): boolean => of.toLowerCase() !== of.toUpperCase()

/** Python's methods of a text. */
export const stringMethods: Readonly<Record<string, Plugin>> = {
  upper: simple((of) => of.toUpperCase()),
  lower: simple(lower),
  casefold: simple((of) => of.toLowerCase().replaceAll('ß', 'ss')),
  capitalize: simple(capitalize),
  title: simple((of) => of.replace(/\p{L}+/gu, capitalize)),
  swapcase: simple((of) =>
    characters(of)
      .map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
      .join(''),
  ),
  replace: plugin([['old'], ['new'], ['count', -1]], (of, [old, by, count]) =>
    replace(text(of), asText(old, 'the old text'), asText(by, 'the new text'), asInt(count, 'count')),
  ),
  split: splitting(false),
  rsplit: splitting(true),
  splitlines: plugin([['keepends', false]], (of, [keep]) => splitLines(text(of), isTrue(keep))),
  strip: stripping('both'),
  lstrip: stripping('left'),
  rstrip: stripping('right'),
  startswith: affix((of, part) => of.startsWith(part)),
  endswith: affix((of, part) => of.endsWith(part)),
  removeprefix: plugin([['prefix']], (of, [prefix]) =>
    text(of).startsWith(asText(prefix, 'the prefix')) ? text(of).slice(text(prefix).length) : of,
  ),
  removesuffix: plugin([['suffix']], (of, [suffix]) =>
    text(of).endsWith(asText(suffix, 'the suffix')) && suffix !== '' ? text(of).slice(0, -text(suffix).length) : of,
  ),
  find: withRange((within, part, offset) => found(within, within.indexOf(part), offset)),
  rfind: withRange((within, part, offset) => found(within, within.lastIndexOf(part), offset)),
  index: withRange((within, part, offset) => needed(found(within, within.indexOf(part), offset))),
  rindex: withRange((within, part, offset) => needed(found(within, within.lastIndexOf(part), offset))),
  count: withRange((within, part) => (part === '' ? characters(within).length + 1 : within.split(part).length - 1)),
  join: plugin([['items']], (of, [items]) =>
    iterate(items)
      .map((item, i) =>
        typeof item === 'string' ? item : fail(`"join" needs texts; item ${i} is of type ${typeName(item)}`),
      )
      .join(text(of)),
  ),
  format: plugin([], (of, _, { rest, named }) => formatBraces(text(of), rest, named), { rest: true, named: true }),
  center: plugin(FILL, (of, [width, fill]) => center(text(of), asInt(width, 'the width'), asText(fill, 'the fill'))),
  ljust: justified('<'),
  rjust: justified('>'),
  zfill: plugin([['width']], (of, [width]) => {
    const [, sign = '', digits = ''] = /^([-+]?)(.*)$/s.exec(text(of)) ?? []
    return sign + pad(digits, '0', '>', asInt(width, 'the width') - sign.length)
  }),
  expandtabs: plugin([['tabsize', 8]], (of, [size]) => expandTabs(text(of), asInt(size, 'the size'))),
  partition: partition(false),
  rpartition: partition(true),
  isdigit: is(/^\p{Nd}+$/u),
  isdecimal: is(/^\p{Nd}+$/u),
  isnumeric: is(/^\p{N}+$/u),
  isalpha: is(/^\p{L}+$/u),
  isalnum: is(/^[\p{L}\p{N}]+$/u),
  isspace: is(/^\s+$/),
  isupper: simple((of) => cased(of) && of === of.toUpperCase()),
  islower: simple((of) => cased(of) && of === of.toLowerCase()),
  istitle: simple((of) => cased(of) && of === of.replace(/\p{L}+/gu, capitalize)),
  isidentifier: is(/^[\p{L}_][\p{L}\p{N}_]*$/u),
}

export function replace(of: string, old: string, by: string, count = -1): string {
  if (count < 0 && old !== '') return of.replaceAll(old, () => by)
  const parts = old === '' ? ['', ...characters(of), ''] : of.split(old)
  const most = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1)
  return (
    parts.slice(0, most + 1).join(by) +
    parts
      .slice(most + 1)
      .map((part) => old + part)
      .join('')
  )
}

function expandTabs(of: string, size: number): string {
  let column = 0
  return characters(of)
    .map((character) => {
      if (character === '\n' || character === '\r') column = 0
      else if (character === '\t') {
        const width = size > 0 ? size - (column % size) : 0
        column += width
        return ' '.repeat(width)
      } else column += 1
      return character
    })
    .join('')
}
