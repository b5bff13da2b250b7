import { existsSync, lstatSync, statSync, type Stats } from 'node:fs'
import { asText, plugin, type Plugin } from './arguments.ts'
import { compare, contains, equals } from './compare.ts'
import { fail } from './fault.ts'
import { toBool } from './filters/number.ts'
import { regexTest } from './filters/regex.ts'
import { binary } from './operators.ts'
import { toText } from './text.ts'
import {
  Callable,
  Dict,
  isFloat,
  isInteger,
  isNumeric,
  isTrue,
  iterate,
  toNumber,
  typeName,
  Undefined,
} from './values.ts'
import { compareVersions } from './versions.ts'

const simple = (run: (value: unknown) => unknown): Plugin => plugin([], run)
const two = (run: (a: unknown, b: unknown) => unknown): Plugin =>
  plugin([['other']], (value, [other]) => run(value, other))
const isSequence = (value: unknown): boolean =>
  typeof value === 'string' || Array.isArray(value) || value instanceof Dict

function divisible(value: unknown, by: unknown): boolean {
  return equals(binary('%', value, by), 0)
}

/** A flag of a registered result. */
const flag = (test: string, key: string, otherwise: boolean, wanted = true): Plugin =>
  simple((value) => {
    if (!(value instanceof Dict)) return fail(`the test "${test}" needs a registered result, not a ${typeName(value)}`)
    return (value.has(key) ? isTrue(value.get(key)) : otherwise) === wanted
  })

const stats = (path: unknown, follow: boolean): Stats | undefined => {
  try {
    return follow ? statSync(toText(path)) : lstatSync(toText(path))
  } catch {
    return undefined
  }
}

const text = (run: (of: string) => boolean): Plugin => simple((value) => run(toText(value)))
const cased = (of: string): boolean => of.toLowerCase() !== of.toUpperCase()
const every = (a: unknown, b: unknown): boolean => iterate(a).every((item) => contains(b, item))

const identical = (a: unknown, b: unknown): boolean => a === b || (a instanceof Undefined && b instanceof Undefined)

const version = plugin(
  [['version'], ['operator', 'eq'], ['strict', null], ['version_type', null]],
  (value, [other, operator, strict, kind]) => {
    if (strict !== null && kind !== null) fail('the test "version" takes strict or version_type, not both')
    return compareVersions(
      toText(value),
      toText(other),
      toText(operator),
      strict !== null && isTrue(strict) ? 'strict' : kind === null ? 'loose' : toText(kind),
    )
  },
)

const url = (schemes: string): Plugin =>
  plugin([['schemes', null]], (value, [given]) => {
    const wanted = given === null ? schemes.split(' ') : iterate(given).map(toText)
    const [, scheme = '', rest = ''] = /^([A-Za-z][\w+.-]*):(.*)$/s.exec(toText(value)) ?? []
    return (
      (schemes === '' && given === null ? scheme !== '' : wanted.includes(scheme.toLowerCase())) &&
      /^\/\/[^/?#]+/.test(rest)
    )
  })

const defines: Readonly<Record<string, Plugin>> = {
  defined: plugin([], (value) => !(value instanceof Undefined), { takesUndefined: true }),
  undefined: plugin([], (value) => value instanceof Undefined, { takesUndefined: true }),
}

const comparisons: Readonly<Record<string, Plugin>> = {
  eq: two(equals),
  ne: two((a, b) => !equals(a, b)),
  lt: two((a, b) => compare(a, b) < 0),
  le: two((a, b) => compare(a, b, '<=') <= 0),
  gt: two((a, b) => compare(a, b, '>') > 0),
  ge: two((a, b) => compare(a, b, '>=') >= 0),
}

const ALIASES: Readonly<Record<string, string>> = {
  '==': 'eq',
  equalto: 'eq',
  '!=': 'ne',
  '<': 'lt',
  lessthan: 'lt',
  '<=': 'le',
  '>': 'gt',
  greaterthan: 'gt',
  '>=': 'ge',
}

const own: Readonly<Record<string, Plugin>> = {
  ...defines,
  ...comparisons,
  none: simple((value) => value === null),
  string: simple((value) => typeof value === 'string'),
  boolean: simple((value) => typeof value === 'boolean'),
  true: simple((value) => value === true),
  false: simple((value) => value === false),
  integer: simple(isInteger),
  float: simple(isFloat),
  number: simple(isNumeric),
  mapping: simple((value) => value instanceof Dict),
  iterable: simple(isSequence),
  sequence: simple(isSequence),
  callable: simple((value) => value instanceof Callable),
  escaped: simple(() => false),
  sameas: two(identical),
  in: two((item, container) => contains(container, item)),
  contains: two(contains),
  odd: simple((value) => equals(binary('%', value, 2), 1)),
  even: simple((value) => divisible(value, 2)),
  divisibleby: plugin([['num']], (value, [by]) => divisible(value, by)),
  lower: text((of) => cased(of) && of === of.toLowerCase()),
  upper: text((of) => cased(of) && of === of.toUpperCase()),
  filter: plugin([], (value, _, { host }) => host.hasFilter(asText(value, 'the name of a filter'))),
  test: plugin([], (value, _, { host }) => host.hasTest(asText(value, 'the name of a test'))),
  match: regexTest(true),
  search: regexTest(false),
  regex: regexTest(false),
  version,
  version_compare: version,
  truthy: plugin([['convert_bool', false]], (value, [converts]) => isTrue(isTrue(converts) ? booleanOf(value) : value)),
  falsy: plugin([['convert_bool', false]], (value, [converts]) => !isTrue(isTrue(converts) ? booleanOf(value) : value)),
  subset: two(every),
  issubset: two(every),
  superset: two((a, b) => every(b, a)),
  issuperset: two((a, b) => every(b, a)),
  all: simple((value) => iterate(value).every(isTrue)),
  any: simple((value) => iterate(value).some(isTrue)),
  nan: simple((value) => isNumeric(value) && Number.isNaN(Number(toNumber(value)))),
  failed: flag('failed', 'failed', false),
  failure: flag('failure', 'failed', false),
  succeeded: flag('succeeded', 'failed', false, false),
  success: flag('success', 'failed', false, false),
  successful: flag('successful', 'failed', false, false),
  changed: flag('changed', 'changed', false),
  change: flag('change', 'changed', false),
  skipped: flag('skipped', 'skipped', false),
  skip: flag('skip', 'skipped', false),
  unreachable: flag('unreachable', 'unreachable', false),
  reachable: flag('reachable', 'unreachable', false, false),
  abs: text((of) => of.startsWith('/')),
  exists: text((of) => existsSync(of)),
  link_exists: simple((value) => stats(value, false) !== undefined),
  file: simple((value) => stats(value, true)?.isFile() ?? false),
  directory: simple((value) => stats(value, true)?.isDirectory() ?? false),
  link: simple((value) => stats(value, false)?.isSymbolicLink() ?? false),
  url: url('http https ftp'),
}

const booleanOf = (value: unknown): unknown =>
  typeof value === 'string' && /^(?:y|yes|t|true|on|1|n|no|f|false|off|0)$/i.test(value)
    ? /^[yt]/i.test(value) || toBool(value)
    : value

/** Tests by name, with and without Ansible's namespace. */
export function testOf(name: string): Plugin | undefined {
  const short = name.replace(/^ansible\.(builtin|legacy)\./, '')
  const of = ALIASES[short] ?? short
  return Object.hasOwn(own, of) ? own[of] : undefined
}

/** The names of all tests. */
export const testNames = (): string[] => Object.keys(own).sort()
