import { asInt, asText } from './arguments.ts'
import { fail } from './fault.ts'
import { pairsOf } from './methods-dict.ts'
import { toText } from './text.ts'
import { Callable, Dict, Members, Range, Undefined, type Named } from './values.ts'

/** Longest range that a template may make. */
const LIMIT = 1_000_000

function range(args: readonly unknown[], named: Named): Range {
  noNames('range', named)
  if (args.length < 1 || args.length > 3) fail('"range" takes 1 to 3 ints')
  const numbers = args.map((arg) => asInt(arg, 'an argument of "range"'))
  const [start, stop, step] =
    numbers.length === 1 ? [0, numbers[0] as number, 1] : [numbers[0] as number, numbers[1] as number, numbers[2] ?? 1]
  if (step === 0) fail('the step of a range cannot be zero')
  const length = Math.max(0, Math.ceil((stop - start) / step))
  if (length > LIMIT) fail(`a range of ${length} numbers is too long`)
  const result = new Range()
  for (let i = 0; i < length; i++) result.push(start + i * step)
  result.bounds = step === 1 ? [start, stop] : [start, stop, step]
  return result
}

const noNames = (name: string, named: Named): void => {
  for (const key of named.keys()) fail(`"${name}" has no argument "${key}"`)
}

function dict(args: readonly unknown[], named: Named): Dict {
  if (args.length > 1) fail('"dict" takes one dict or list of pairs')
  return Dict.from([...(args.length === 1 ? pairsOf(args[0]) : []), ...named])
}

function namespace(args: readonly unknown[], named: Named): Members {
  const members = new Map(
    dict(args, named)
      .entries()
      .map(([key, value]) => [toText(key), value]),
  )
  return new Members(
    'namespace',
    (name) => members.get(name),
    (name, value) => void members.set(name, value),
  )
}

function cycler(args: readonly unknown[]): Members {
  if (args.length === 0) fail('"cycler" needs values')
  let at = 0
  const next = new Callable('cycler.next', () => args[at++ % args.length])
  const reset = new Callable('cycler.reset', () => {
    at = 0
    return null
  })
  return new Members('cycler', (name) =>
    name === 'next' ? next : name === 'reset' ? reset : name === 'current' ? args[at % args.length] : undefined,
  )
}

function joiner(args: readonly unknown[]): Callable {
  const mark = args.length === 0 ? ', ' : asText(args[0], 'the argument of "joiner"')
  let used = false
  return new Callable('joiner', () => {
    const text = used ? mark : ''
    used = true
    return text
  })
}

const refused = (name: string, why: string): Callable =>
  new Callable(name, () => fail(`"${name}" is not supported: ${why}`))

/** Functions of every template. */
export const GLOBALS: Readonly<Record<string, unknown>> = {
  range: new Callable('range', range),
  dict: new Callable('dict', dict),
  namespace: new Callable('namespace', namespace),
  cycler: new Callable('cycler', cycler),
  joiner: new Callable('joiner', joiner),
  undef: new Callable('undef', (args, named) => {
    const hint = args[0] ?? named.get('hint')
    return new Undefined('undef()', hint === undefined ? 'the variable must be overridden' : toText(hint))
  }),
  now: refused('now', 'with the time in it, each run would change the file'),
  lipsum: refused('lipsum', 'its text is random'),
}
