import { readFileSync } from 'node:fs'
import { UsageError } from './usage-error.ts'

/**
 * A host pattern in which `@file` is replaced by the patterns of that file, one per line, as in Ansible.
 *
 * @throws {UsageError} the file cannot be read, or is empty.
 */
export function expandLimit(limit: string): string {
  return limit
    .split(',')
    .map((part) => (part.trim().startsWith('@') ? patternsIn(part.trim().slice(1)) : part))
    .join(',')
}

/** The options that limit a run to hosts which the user has selected; none if these are all hosts. */
export const limitOf = (hosts: readonly string[], all: readonly string[]): readonly string[] =>
  all.every((name) => hosts.includes(name)) ? [] : ['--limit', hosts.join(',')]

function patternsIn(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`--limit @${file}: cannot read the file: ${(error as NodeJS.ErrnoException).code}`)
  }
  const patterns = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  if (patterns.length === 0) throw new UsageError(`--limit @${file}: the file has no host pattern`)
  return patterns.join(',')
}
