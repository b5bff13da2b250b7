import type { z } from 'zod'
import { readYaml, type Path, type Source } from '../../../src/inventory/document.ts'
import type { Problem } from '../../../src/inventory/errors.ts'
import { didYouMean, nearest } from '../../../src/inventory/nearest.ts'
import { IGNORED, REFUSED, REFUSED_AT_TOP } from './keys.ts'
import { composeSchema, keysAt } from './schema.ts'
import { list, portsOf, referenceFaults, tree, type Fault, type NamedFile, type Port, type Tree } from './references.ts'

/** A service of a compose file. */
export interface Service {
  readonly name: string
  readonly image: string
  readonly mode: string
  readonly ports: readonly Port[]
}

export interface Compose {
  readonly services: readonly Service[]
  readonly files: readonly NamedFile[]
  /** Errors that prevent the deployment, in line order. */
  readonly problems: readonly Problem[]
  /** Keys that Swarm ignores, and behaviour that may surprise. */
  readonly warnings: readonly Problem[]
}

/**
 * Reads and validates a compose file for Swarm.
 *
 * @param exists - whether a file exists in the directory of the compose file.
 */
export function readCompose(source: Source, exists: (file: string) => boolean): Compose {
  const document = readYaml(source)
  if (!('data' in document)) return { services: [], files: [], problems: document, warnings: [] }
  const at = (faults: readonly Fault[]): Problem[] =>
    faults
      .map(({ path, at, message }) => document.locate({ path, at: at ?? 'value', message }))
      .sort((a, b) => a.line - b.line || a.column - b.column)
  const { data } = document
  if (Object.keys(tree(data)).length === 0) {
    const message = 'the file defines no services: start with "services:"'
    return { services: [], files: [], problems: at([{ path: [], message }]), warnings: [] }
  }
  const services = Object.entries(tree(tree(data).services))
  const ignored = services.flatMap(([name, service]) => ignoredKeys(name, tree(service)))
  const schemaErrors = schemaFaults(withoutIgnored(tree(data)))
  // References are checked only in a file with a valid schema.
  const { faults, doubts, files } = referenceFaults(tree(data), exists)
  return {
    services: services.map(([name, service]) => serviceOf(name, tree(service))),
    files,
    problems: at(schemaErrors.length > 0 ? schemaErrors : faults),
    warnings: at([...ignored, ...(schemaErrors.length > 0 ? [] : doubts)]),
  }
}

const ignoredKeys = (name: string, service: Tree): Fault[] =>
  Object.keys(service)
    .filter((key) => Object.hasOwn(IGNORED, key))
    .map((key) => ({
      path: ['services', name, key],
      at: 'key',
      message: `Swarm ignores "${key}": ${IGNORED[key]}`,
    }))

const withoutIgnored = (data: Tree): Tree => {
  if (data.services !== tree(data.services)) return data
  const withoutIgnoredKeys = (service: unknown): unknown =>
    service !== tree(service)
      ? service
      : Object.fromEntries(
          Object.entries(tree(service)).filter(
            ([key, value]) => !Object.hasOwn(IGNORED, key) || (key === 'depends_on' && value === tree(value)),
          ),
        )
  return {
    ...data,
    services: Object.fromEntries(
      Object.entries(tree(data.services)).map(([name, service]) => [name, withoutIgnoredKeys(service)]),
    ),
  }
}

function schemaFaults(data: Tree): Fault[] {
  const issues = composeSchema.safeParse(data).error?.issues ?? []
  return issues.flatMap((issue): Fault[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          path: [...issue.path, key],
          at: 'key',
          message: unknownKeyMessage(issue.path, key),
        }))
      : [{ path: issue.path, at: issue.code === 'invalid_key' ? 'key' : 'value', message: issueMessage(issue) }],
  )
}

/** Map keys have their own schema; its message is nested in the issue. */
const issueMessage = (issue: z.core.$ZodIssue): string => {
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  return issue.path.length === 0 || issue.code === 'invalid_key'
    ? message
    : `"${String(issue.path.at(-1))}": ${message}`
}

function unknownKeyMessage(path: Path, key: string): string {
  if (path.length === 0 && Object.hasOwn(REFUSED_AT_TOP, key))
    return `Swarm does not support "${key}": ${REFUSED_AT_TOP[key]}`
  if (path.length === 2 && path[0] === 'services') {
    if (key === 'depends_on')
      return 'Swarm does not support conditions in "depends_on": remove it, and let the program retry until its dependencies are available'
    if (Object.hasOwn(REFUSED, key)) return `Swarm does not support "${key}": ${REFUSED[key]}`
  }
  const keys = keysAt(path)
  const guess = didYouMean(nearest(key, keys, 2))
  return `unknown key "${key}": ${guess ?? (keys.length === 0 ? 'remove it' : `remove it (known keys: ${keys.join(', ')})`)}`
}

const serviceOf = (name: string, service: Tree): Service => ({
  name,
  image: typeof service.image === 'string' ? service.image : '',
  mode: String(tree(service.deploy).mode ?? 'replicated'),
  ports: list(service.ports).flatMap(portsOf),
})

/** Formats a problem: `compose.yaml:3:5: message`. */
export const lineOf = ({ path, line, column, message }: Problem): string =>
  line === 0 ? `${path}: ${message}` : `${path}:${line}:${column}: ${message}`
