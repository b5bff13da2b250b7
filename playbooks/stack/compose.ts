import type { z } from 'zod'
import { didYouMean, type InventoryProblem, nearest, type Path, type SourceText, toText } from 'labbook'
import { parseComposeYaml } from './compose-yaml.ts'
import { asList, asMap, type ComposeFault, type YamlMap } from './compose-values.ts'
import { checkForDaemon } from './daemon-checks.ts'
import { interpolate, type EnvironmentEntry } from './interpolation.ts'
import { IGNORED, REFUSED, REFUSED_AT_TOP } from './keys.ts'
import { composeSchema, keysAt } from './schema.ts'
import { portsOf, checkReferences, type ComposeContext, type NamedFile, type Port } from './references.ts'

/** A service of a compose file. */
export interface ComposeService {
  readonly name: string
  readonly image: string
  readonly mode: string
  readonly ports: readonly Port[]
}

export interface Compose {
  /** The file for Docker, with the values of its variables. */
  readonly text: string
  /** Its format version. */
  readonly version: string
  readonly services: readonly ComposeService[]
  readonly files: readonly NamedFile[]
  readonly environment: readonly EnvironmentEntry[]
  /** Errors that prevent the deployment, in line order. */
  readonly problems: readonly InventoryProblem[]
  /** Keys that Swarm ignores, and behaviour that may surprise. */
  readonly warnings: readonly InventoryProblem[]
}

const NOTHING = { text: '', version: '', services: [], files: [], environment: [], warnings: [] }

/** Reads a compose file, interpolates its variables, and validates it for Swarm. */
export function readCompose(source: SourceText, context: ComposeContext): Compose {
  const document = parseComposeYaml(source)
  if (!('document' in document)) return { ...NOTHING, problems: document }
  const sorted = (problems: readonly InventoryProblem[]): InventoryProblem[] =>
    [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
  const at = (faults: readonly ComposeFault[]): InventoryProblem[] =>
    faults.map(({ path, at, message }) => document.locate({ path, at: at ?? 'value', message }))
  const { text, version, environment, ...interpolated } = interpolate(document, source, context.lookup)
  const data = document.data()
  if (Object.keys(asMap(data)).length === 0) {
    const message = 'the file defines no services: start with "services:"'
    return { ...NOTHING, problems: at([{ path: [], message }]) }
  }
  const services = Object.entries(asMap(asMap(data).services))
  const ignored = services.flatMap(([name, service]) => ignoredKeys(name, asMap(service)))
  const schemaErrors = schemaFaults(withoutIgnored(asMap(data)))
  const known = [...interpolated.problems, ...at(schemaErrors)]
  // References are checked only in a file with a valid schema.
  const references = checkReferences(asMap(data), context)
  const daemon = known.length > 0 ? { faults: [], warnings: [] } : checkForDaemon(asMap(data), context.stack)
  return {
    text,
    version,
    environment,
    services: services.map(([name, service]) => serviceOf(name, asMap(service))),
    files: references.files,
    problems: sorted(known.length > 0 ? known : at([...references.faults, ...daemon.faults])),
    warnings: sorted([
      ...interpolated.warnings,
      ...at([...ignored, ...(known.length > 0 ? [] : references.warnings), ...daemon.warnings]),
    ]),
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
