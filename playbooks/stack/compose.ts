import type { z } from 'zod'
import { didYouMean, type InventoryProblem, nearest, type Path, type SourceText, toText } from 'labbook'
import { parseComposeYaml } from './compose-yaml.ts'
import { IGNORED, REFUSED, REFUSED_AT_TOP } from './keys.ts'
import { composeSchema, keysAt } from './schema.ts'
import {
  asList,
  portsOf,
  checkReferences,
  asMap,
  type ComposeFault,
  type NamedFile,
  type Port,
  type YamlMap,
} from './references.ts'

/** A service of a compose file. */
export interface ComposeService {
  readonly name: string
  readonly image: string
  readonly mode: string
  readonly ports: readonly Port[]
}

export interface Compose {
  readonly services: readonly ComposeService[]
  readonly files: readonly NamedFile[]
  /** Errors that prevent the deployment, in line order. */
  readonly problems: readonly InventoryProblem[]
  /** Keys that Swarm ignores, and behaviour that may surprise. */
  readonly warnings: readonly InventoryProblem[]
}

/**
 * Reads and validates a compose file for Swarm.
 *
 * @param exists - whether a file exists in the directory of the compose file.
 */
export function readCompose(source: SourceText, exists: (file: string) => boolean): Compose {
  const document = parseComposeYaml(source)
  if (!('data' in document)) return { services: [], files: [], problems: document, warnings: [] }
  const at = (faults: readonly ComposeFault[]): InventoryProblem[] =>
    faults
      .map(({ path, at, message }) => document.locate({ path, at: at ?? 'value', message }))
      .sort((a, b) => a.line - b.line || a.column - b.column)
  const { data } = document
  if (Object.keys(asMap(data)).length === 0) {
    const message = 'the file defines no services: start with "services:"'
    return { services: [], files: [], problems: at([{ path: [], message }]), warnings: [] }
  }
  const services = Object.entries(asMap(asMap(data).services))
  const ignored = services.flatMap(([name, service]) => ignoredKeys(name, asMap(service)))
  const schemaErrors = schemaFaults(withoutIgnored(asMap(data)))
  // References are checked only in a file with a valid schema.
  const { faults, warnings: doubts, files } = checkReferences(asMap(data), exists)
  return {
    services: services.map(([name, service]) => serviceOf(name, asMap(service))),
    files,
    problems: at(schemaErrors.length > 0 ? schemaErrors : faults),
    warnings: at([...ignored, ...(schemaErrors.length > 0 ? [] : doubts)]),
  }
}

const ignoredKeys = (name: string, service: YamlMap): ComposeFault[] =>
  Object.keys(service)
    .filter((key) => Object.hasOwn(IGNORED, key))
    .map((key) => ({
      path: ['services', name, key],
      at: 'key',
      message: `Swarm ignores "${key}": ${IGNORED[key]}`,
    }))

const withoutIgnored = (data: YamlMap): YamlMap => {
  if (data.services !== asMap(data.services)) return data
  const withoutIgnoredKeys = (service: unknown): unknown =>
    service !== asMap(service)
      ? service
      : Object.fromEntries(
          Object.entries(asMap(service)).filter(
            ([key, value]) => !Object.hasOwn(IGNORED, key) || (key === 'depends_on' && value === asMap(value)),
          ),
        )
  return {
    ...data,
    services: Object.fromEntries(
      Object.entries(asMap(data.services)).map(([name, service]) => [name, withoutIgnoredKeys(service)]),
    ),
  }
}

function schemaFaults(data: YamlMap): ComposeFault[] {
  const issues = composeSchema.safeParse(data).error?.issues ?? []
  return issues.flatMap((issue): ComposeFault[] =>
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

const serviceOf = (name: string, service: YamlMap): ComposeService => ({
  name,
  image: typeof service.image === 'string' ? service.image : '',
  mode: toText(asMap(service.deploy).mode ?? 'replicated'),
  ports: asList(service.ports).flatMap(portsOf),
})

/** Formats a problem: `compose.yaml:3:5: message`. */
export const formatProblem = ({ path, line, column, message }: InventoryProblem): string =>
  line === 0 ? `${path}: ${message}` : `${path}:${line}:${column}: ${message}`
