import { asInt, asText, plugin, type Plugin } from '../arguments.ts'
import { fail } from '../fault.ts'
import { formatPercent } from '../format-percent.ts'
import { capitalize, center, lower, replace, split, splitLines, strip } from '../methods-string.ts'
import { toText } from '../text.ts'
import { characters, Dict, isTrue, iterate, Tuple, typeName } from '../values.ts'
import { wordwrap } from './wordwrap.ts'

/** `html.escape` of MarkupSafe. */
const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('>', '&gt;')
    .replaceAll('<', '&lt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&#34;')

/** `shlex.quote`. */
export const shellQuote = (text: string): string =>
  text === '' ? "''" : /[^\w@%+=:,./-]/.test(text) ? `'${text.replaceAll("'", `'"'"'`)}'` : text

const escaped = plugin([], (value) => escapeHtml(toText(value)))

/** Python's `quote`: letters, digits, `_.-~` and the safe ones stay. */
export const percentEncode = (text: string, safe = '/'): string =>
  [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[\w.~-]/.test(character) || safe.includes(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')

const encodeForm = (value: unknown): string => percentEncode(toText(value), '').replaceAll('%20', '+')

function urlencode(value: unknown): string {
  if (!(value instanceof Dict) && !Array.isArray(value)) return percentEncode(toText(value))
  const pairs = value instanceof Dict ? value.entries() : iterate(value).map(iterate)
  return pairs.map(([key, item]) => `${encodeForm(key)}=${encodeForm(item)}`).join('&')
}

function indent(value: unknown, [width, first, blank]: readonly unknown[]): string {
  const by = typeof width === 'string' ? width : ' '.repeat(asInt(width, 'width'))
  const text = `${asText(value, 'the input of "indent"')}\n`
  let result: string
  if (isTrue(blank)) result = splitLines(text).join(`\n${by}`)
  else {
    const [head = '', ...rest] = splitLines(text)
    result = head + (rest.length > 0 ? `\n${rest.map((line) => (line === '' ? line : by + line)).join('\n')}` : '')
  }
  return isTrue(first) ? by + result : result
}

function truncate(value: unknown, [length, kill, end, leeway]: readonly unknown[]): string {
  const items = characters(asText(value, 'the input of "truncate"'))
  const [most, tail, slack] = [
    asInt(length, 'length'),
    asText(end, 'end'),
    leeway === null ? 5 : asInt(leeway, 'leeway'),
  ]
  if (most < tail.length) fail(`"truncate" needs a length of at least ${tail.length}`)
  if (items.length <= most + slack) return items.join('')
  const head = items.slice(0, most - tail.length).join('')
  if (isTrue(kill)) return head + tail
  const space = head.lastIndexOf(' ')
  return (space === -1 ? head : head.slice(0, space)) + tail
}

const COMMENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: { decoration: '# ' },
  erlang: { decoration: '% ' },
  c: { decoration: '// ' },
  cblock: { beginning: '/*', decoration: ' * ', end: ' */' },
  xml: { beginning: '<!--', decoration: ' - ', end: '-->' },
}

const comment = plugin(
  [['style', 'plain']],
  (value, [style], { named }) => {
    const base = COMMENTS[asText(style, 'style')]
    if (base === undefined) return fail(`"comment" has no style "${toText(style)}"`)
    const option = (name: string, otherwise: string): string => toText(named.get(name) ?? base[name] ?? otherwise)
    for (const name of named.keys())
      if (
        !['newline', 'beginning', 'prefix', 'prefix_count', 'decoration', 'postfix', 'postfix_count', 'end'].includes(
          name,
        )
      )
        fail(`"comment" has no argument "${name}"`)
    const newline = option('newline', '\n')
    const decoration = option('decoration', '# ')
    const bare = decoration.trimEnd()
    const count = (name: string): number => asInt(named.get(name) ?? 1, name)
    const beginning = option('beginning', '')
    const begins = beginning === '' ? '' : `${beginning}${newline}`
    const prefix =
      option('prefix', bare) === '' ? '' : `${option('prefix', bare)}${newline}`.repeat(count('prefix_count'))
    const text = decoration + asText(value, 'the input of "comment"').replaceAll(newline, newline + decoration)
    const body = text.replaceAll(`${decoration}${newline}`, `${bare}${newline}`)
    const postfix = `${newline}${option('postfix', bare)}`.repeat(count('postfix_count'))
    const end = option('end', '')
    return `${begins}${prefix}${body}${postfix}${end === '' ? '' : `${newline}${end}`}`
  },
  { named: true },
)

const simple = (run: (text: string) => unknown): Plugin => plugin([], (value) => run(toText(value)))

export const textFilters: Readonly<Record<string, Plugin>> = {
  upper: simple((text) => text.toUpperCase()),
  lower: simple(lower),
  capitalize: simple(capitalize),
  title: simple((text) =>
    text
      .split(/([-\s({[<]+)/)
      .map((word) => capitalize(word))
      .join(''),
  ),
  trim: plugin([['chars', null]], (value, [chars]) => strip(toText(value), chars, 'both')),
  center: plugin([['width', 80]], (value, [width]) => center(toText(value), asInt(width, 'width'))),
  replace: plugin([['old'], ['new'], ['count', null]], (value, [old, by, count]) =>
    replace(toText(value), toText(old), toText(by), count === null ? -1 : asInt(count, 'count')),
  ),
  indent: plugin(
    [
      ['width', 4],
      ['first', false],
      ['blank', false],
    ],
    indent,
  ),
  truncate: plugin(
    [
      ['length', 255],
      ['killwords', false],
      ['end', '...'],
      ['leeway', null],
    ],
    truncate,
  ),
  wordwrap: plugin(
    [
      ['width', 79],
      ['break_long_words', true],
      ['wrapstring', '\n'],
      ['break_on_hyphens', true],
    ],
    (value, [width, breaks, wrap, hyphens]) =>
      wordwrap(
        asText(value, 'the input of "wordwrap"'),
        asInt(width, 'width'),
        isTrue(breaks),
        wrap === null ? '\n' : asText(wrap, 'wrapstring'),
        isTrue(hyphens),
      ),
  ),
  wordcount: simple((text) => (text.match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  format: plugin(
    [],
    (value, _, { rest, named }) => {
      if (rest.length > 0 && named.size > 0) fail('"format" takes values or names, not both')
      return formatPercent(toText(value), named.size > 0 ? Dict.from(named) : Tuple.make(rest))
    },
    { rest: true, named: true },
  ),
  string: simple((text) => text),
  e: escaped,
  escape: escaped,
  forceescape: escaped,
  safe: simple((text) => text),
  striptags: simple((text) =>
    text
      .replace(/<!--[^]*?-->|<[^>]*>/g, '')
      .split(/\s+/)
      .filter((word) => word !== '')
      .join(' ')
      .replace(/&(lt|gt|amp|quot|#39|#34);/g, (all, name: string) => ENTITIES[name] ?? all),
  ),
  urlencode: plugin([], urlencode),
  urldecode: simple((text) => decodeURIComponent(text.replaceAll('+', ' '))),
  quote: plugin([], (value) => shellQuote(value === null ? '' : toText(value))),
  comment,
  split: plugin(
    [
      ['sep', null],
      ['maxsplit', -1],
    ],
    (value, [separator, limit]) => split(asText(value, 'the input of "split"'), separator, asInt(limit, 'maxsplit')),
  ),
  xmlattr: plugin([['autospace', true]], (value, [space]) => {
    if (!(value instanceof Dict)) return fail(`"xmlattr" needs a dict, not a ${typeName(value)}`)
    const attributes = value.entries().flatMap(([key, item]) => {
      if (item === null) return []
      const name = toText(key)
      if (/[\s/>=]/.test(name)) fail(`"${name}" is not the name of an attribute`)
      return [`${escapeHtml(name)}="${escapeHtml(toText(item))}"`]
    })
    const text = attributes.join(' ')
    return isTrue(space) && text !== '' ? ` ${text}` : text
  }),
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'", '#34': '"' }
