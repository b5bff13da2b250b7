import type { Path } from 'labbook'

export type YamlMap = Readonly<Record<string, unknown>>

/** The value as a map; empty if it is none. */
export const asMap = (value: unknown): YamlMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as YamlMap) : {}

export const asList = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]

/** A message at a path in the file. */
export interface ComposeFault {
  readonly path: Path
  readonly at?: 'key' | 'value'
  readonly message: string
}
