import { fail } from './fault.ts'

type Part = string | number

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
}
const ALIASES: Readonly<Record<string, string>> = {
  '==': 'eq',
  '=': 'eq',
  '!=': 'ne',
  '<>': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
}

/** Ansible's test `version`. */
export function compareVersions(a: string, b: string, operator: string, kind: string): boolean {
  if (a === '' || b === '') fail('a version cannot be empty')
  const name = ALIASES[operator] ?? operator
  const holds = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined
  if (holds === undefined) return fail(`"${operator}" is no operator of versions: use ==, !=, <, <=, > or >=`)
  switch (kind) {
    case 'loose':
      return holds(compareLists(loose(a), loose(b), name))
    case 'strict':
      return holds(compareLists(strict(a), strict(b), name))
    case 'semver':
    case 'semantic':
      return holds(compareSemantic(a, b))
    default:
      return fail(`the version type "${kind}" is not supported: use loose, strict or semver`)
  }
}

/** `1.2b3` -> 1, 2, b, 3. */
const loose = (text: string): Part[] =>
  text
    .split(/(\d+|[a-z]+|\.)/)
    .filter((part) => part !== '' && part !== '.')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))

function strict(text: string): Part[] {
  const [, major, minor, patch = '0', tag, number] = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/.exec(text) ?? []
  if (major === undefined) return fail(`"${text}" is not a strict version, such as 1.2.3 or 1.2b1`)
  // A version without a tag is later than its previews.
  return [Number(major), Number(minor), Number(patch), tag ?? 'z', Number(number ?? 0)]
}

function compareLists(a: readonly Part[], b: readonly Part[], operator: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i] as Part, b[i] as Part]
    if (x === y) continue
    if (typeof x !== typeof y)
      return operator === 'eq' || operator === 'ne'
        ? 1
        : fail(`versions with "${x}" and "${y}" at the same place have no order`)
    return x < y ? -1 : 1
  }
  return a.length - b.length
}

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([\da-zA-Z.-]+))?(?:\+[\da-zA-Z.-]+)?$/

function compareSemantic(a: string, b: string): number {
  const parse = (text: string): { numbers: number[]; preview: Part[] } => {
    const [, major, minor, patch, preview] = SEMVER.exec(text) ?? []
    if (major === undefined) return fail(`"${text}" is not a semantic version, such as 1.2.3`)
    const parts = preview?.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)) ?? []
    return { numbers: [major, minor, patch].map(Number), preview: parts }
  }
  const [x, y] = [parse(a), parse(b)]
  const order = compareLists(x.numbers, y.numbers, 'lt')
  if (order !== 0) return order
  if (x.preview.length === 0 || y.preview.length === 0) return y.preview.length - x.preview.length
  for (let i = 0; i < Math.min(x.preview.length, y.preview.length); i++) {
    const [p, q] = [x.preview[i] as Part, y.preview[i] as Part]
    if (p === q) continue
    // Numbers come before texts.
    if (typeof p !== typeof q) return typeof p === 'number' ? -1 : 1
    return p < q ? -1 : 1
  }
  return x.preview.length - y.preview.length
}
