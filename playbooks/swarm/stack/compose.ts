import type { z } from 'zod'
import { readYaml, type Path, type Source } from '../../../src/inventory/document.ts'
import type { Problem } from '../../../src/inventory/errors.ts'
import { didYouMean, nearest } from '../../../src/inventory/nearest.ts'
import { IGNORED, REFUSED, REFUSED_AT_TOP } from './keys.ts'
import { composeSchema, keysAt } from './schema.ts'
import { list, portsOf, referenceFaults, tree, type Fault, type NamedFile, type Port, type Tree } from './references.ts'

/** What a compose file asks for, as far as others need to know. */
export interface Service {
  readonly name: string
  readonly image: string
  readonly mode: string
  readonly ports: readonly Port[]
}

export interface Compose {
  readonly services: readonly Service[]
  readonly files: readonly NamedFile[]
  /** With any of these it is not deployed. In the order of the file's lines. */
  readonly problems: readonly Problem[]
  /** What Swarm will leave out, or does otherwise than one may think. */
  readonly warnings: readonly Problem[]
}

/**
 * Reads a compose file as a Swarm will.
 *
 * @param exists - is there such a file in the folder of the compose file?
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
    const message = 'there is nothing for a Swarm in this file: begin with "services:"'
    return { services: [], files: [], problems: at([{ path: [], message }]), warnings: [] }
  }
  const services = Object.entries(tree(tree(data).services))
  const ignored = services.flatMap(([name, service]) => ignoredKeys(name, tree(service)))
  const broken = schemaFaults(withoutIgnored(tree(data)))
  // What refers to what is only asked of a file whose shape is right.
  const { faults, doubts, files } = referenceFaults(tree(data), exists)
  return {
    services: services.map(([name, service]) => serviceOf(name, tree(service))),
    files,
    problems: at(broken.length > 0 ? broken : faults),
    warnings: at([...ignored, ...(broken.length > 0 ? [] : doubts)]),
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
  const kept = (service: unknown): unknown =>
    service !== tree(service)
      ? service
      : Object.fromEntries(
          Object.entries(tree(service)).filter(
            ([key, value]) => !Object.hasOwn(IGNORED, key) || (key === 'depends_on' && value === tree(value)),
          ),
        )
  return {
    ...data,
    services: Object.fromEntries(Object.entries(tree(data.services)).map(([name, service]) => [name, kept(service)])),
  }
}

function schemaFaults(data: Tree): Fault[] {
  const issues = composeSchema.safeParse(data).error?.issues ?? []
  return issues.flatMap((issue): Fault[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key], at: 'key', message: aboutKey(issue.path, key) }))
      : [{ path: issue.path, at: issue.code === 'invalid_key' ? 'key' : 'value', message: words(issue) }],
  )
}

/** Keys of maps are judged by a schema of their own; what it said stands within. */
const words = (issue: z.core.$ZodIssue): string => {
  const said = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  return issue.path.length === 0 || issue.code === 'invalid_key' ? said : `"${String(issue.path.at(-1))}": ${said}`
}

function aboutKey(path: Path, key: string): string {
  if (path.length === 0 && Object.hasOwn(REFUSED_AT_TOP, key))
    return `a stack cannot have "${key}": ${REFUSED_AT_TOP[key]}`
  if (path.length === 2 && path[0] === 'services') {
    if (key === 'depends_on')
      return 'a Swarm takes no conditions in "depends_on": leave it out, and let the program try again until what it needs is there'
    if (Object.hasOwn(REFUSED, key)) return `a stack cannot have "${key}": ${REFUSED[key]}`
  }
  const keys = keysAt(path)
  const guess = didYouMean(nearest(key, keys, 2))
  return `"${key}" is not a key of a compose file here: ${guess ?? (keys.length === 0 ? 'leave it out' : `leave it out (known: ${keys.join(', ')})`)}`
}

const serviceOf = (name: string, service: Tree): Service => ({
  name,
  image: typeof service.image === 'string' ? service.image : '',
  mode: String(tree(service.deploy).mode ?? 'replicated'),
  ports: list(service.ports).flatMap(portsOf),
})

/** Lines as compilers have them: `compose.yaml:3:5: fault: remedy`. */
export const lineOf = ({ path, line, column, message }: Problem): string =>
  line === 0 ? `${path}: ${message}` : `${path}:${line}:${column}: ${message}`
