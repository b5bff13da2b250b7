import { asList, asMap, type YamlMap } from '../stack/compose-values.ts'

/** A node as constraints see it. */
export interface ConstraintNode {
  readonly hostname: string
  /** `node.hostname`, `node.labels.zone`, ... in lower case -> value. */
  readonly attributes: Readonly<Record<string, string>>
}

export const nodesCommand = 'docker node inspect $(docker node ls -q)'

/** Parses the output of {@link nodesCommand}. */
export const parseNodeAttributes = (json: string): ConstraintNode[] =>
  asList(JSON.parse(json)).map((node) => {
    const { ID: id, Spec: spec, Description: description } = asMap(node)
    const { Hostname: hostname, Platform: platform, Engine: engine } = asMap(description)
    return {
      hostname: String(hostname),
      attributes: {
        'node.id': String(id),
        'node.hostname': String(hostname),
        'node.role': String(asMap(spec).Role),
        'node.platform.os': String(asMap(platform).OS),
        'node.platform.arch': String(asMap(platform).Architecture),
        ...labels('node', asMap(spec).Labels),
        ...labels('engine', asMap(engine).Labels),
      },
    }
  })

const labels = (prefix: string, value: unknown): YamlMap & Record<string, string> =>
  Object.fromEntries(
    Object.entries(asMap(value)).map(([name, label]) => [`${prefix}.labels.${name}`.toLowerCase(), String(label)]),
  )

/** The nodes that match all constraints of a service. Swarm ignores case in names and values. */
export const matchingNodes = (nodes: readonly ConstraintNode[], constraints: readonly string[]): ConstraintNode[] =>
  nodes.filter(({ attributes }) => constraints.every((constraint) => matches(attributes, constraint)))

function matches(attributes: ConstraintNode['attributes'], constraint: string): boolean {
  const [, name = '', operator = '', value = ''] = /^\s*(\S+?)\s*(==|!=)\s*(.*?)\s*$/.exec(constraint) ?? []
  const equal = (attributes[name.toLowerCase()] ?? '').toLowerCase() === value.toLowerCase()
  return operator === '!=' ? !equal : equal
}
