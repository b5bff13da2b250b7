import { readFileSync } from 'node:fs'
import { parseYaml } from '../../../src/inventory/yaml-document.ts'
import { TemplateText } from '../../../src/values/template-text.ts'

/** A value as test/fixtures/yaml/make.py describes it; null: Ansible refuses the text. */
export type Described = readonly [type: string, value: string | readonly unknown[]] | null

interface Fixture {
  readonly ansible: string
  readonly scalars: readonly (readonly [string, Described])[]
  readonly documents: readonly (readonly [string, Described])[]
  readonly variables: readonly (readonly [string, Described])[]
}

/** What ansible-core reads. */
export const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/yaml/ansible.json', import.meta.url), 'utf8'),
) as Fixture

/** What Labbook reads, or `refused`. */
export function read(text: string): unknown {
  const document = parseYaml({ path: 'x.yml', text })
  return 'locate' in document ? plain(document.data) : 'refused'
}

/** The value of a scalar after `v: `. */
export function readScalarText(text: string): unknown {
  const data = read(`v: ${text}\nw: end\n`)
  if (typeof data !== 'object' || data === null || !('v' in data) || Object.keys(data).length !== 2) return 'refused'
  return data.v
}

/** A comparable form: texts with templates are marked. */
export function plain(value: unknown): unknown {
  if (value instanceof TemplateText) return value.isConfidential ? { vault: true } : { template: value.source }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

/** Ansible's value in the form of {@link read}. Undefined: Labbook has no such value. */
export function expected(described: Described): unknown {
  if (described === null) return 'refused'
  const [type, value] = described
  const text = String(value)
  switch (type) {
    case 'null':
      return null
    case 'bool':
      return text === 'True'
    case 'int':
      return Number.isSafeInteger(Number(text)) ? Number(text) : undefined
    case 'float':
      return Number.isInteger(Number(text)) || !Number.isFinite(Number(text)) ? undefined : Number(text)
    case 'str':
      return /\{[{%#]/.test(text) ? { template: text } : text
    case 'vault':
      return { vault: true }
    case 'literal':
    case 'date':
      return text
    case 'list':
      return allOf((value as Described[]).map(expected), (items) => items)
    case 'dict':
      return mapping(value as [Described, Described][])
    default:
      return undefined
  }
}

function mapping(pairs: readonly [Described, Described][]): unknown {
  const keys = pairs.map(([key]) => key)
  if (!keys.every((key) => key !== null && ['str', 'literal', 'int'].includes(key[0]))) return undefined
  const names = keys.map((key) => String(key?.[1]))
  if (new Set(names).size < names.length) return undefined
  return allOf(
    pairs.map(([, value]) => expected(value)),
    (values) => {
      const data = Object.fromEntries(values.map((value, i): [string, unknown] => [names[i] ?? '', value]))
      return Object.keys(data).every((name, i) => name === names[i]) ? data : undefined
    },
  )
}

const allOf = (values: readonly unknown[], build: (values: readonly unknown[]) => unknown): unknown =>
  values.includes(undefined) ? undefined : build(values)
