/** A service specification, ready to be compared. */
export interface Service {
  readonly name: string
  readonly image: string
  /** All values of the specification as sorted lines `path: value`, without restarts by `--force`. */
  readonly lines: readonly string[]
}

interface RawService {
  readonly Spec: {
    readonly Name: string
    readonly TaskTemplate?: { readonly ContainerSpec?: { readonly Image?: string } }
  }
}

/** Parses the engine's list of services, sorted by name. */
export function parseServices(body: unknown): Service[] {
  if (!Array.isArray(body)) return []
  return (body as RawService[])
    .map(({ Spec }) => ({
      name: Spec.Name,
      image: Spec.TaskTemplate?.ContainerSpec?.Image ?? '',
      lines: flatten(Spec),
    }))
    .sort((a, b) => a.name.localeCompare(b.name))
}

/** Counter of `docker service update --force`; no desired state. */
const FORCE_UPDATE = 'TaskTemplate.ForceUpdate'

/** All values of a specification as sorted lines `path: value`, without restarts by `--force`. */
export function flatten(value: unknown, path = ''): string[] {
  if (path === FORCE_UPDATE || value === null || value === undefined) return []
  if (typeof value !== 'object') return [`${path}: ${JSON.stringify(value)}`]
  // `{}` differs from no value: `Mode.Global: {}` makes a service global.
  const entries = Object.entries(value)
  if (entries.length === 0) return [`${path}: ${Array.isArray(value) ? '[]' : '{}'}`]
  return entries.flatMap(([key, item]) => flatten(item, path === '' ? key : `${path}.${key}`)).sort()
}

/** Values in the environment are often passwords: only their names are shown. */
const withoutEnvironment = (line: string): string =>
  line.replace(/^(TaskTemplate\.ContainerSpec\.Env\.\d+: "[^=]*=).*"$/, '$1[REDACTED]"')

export interface Drift {
  readonly summary: string
  readonly actual: string
  readonly desired: string
}

/**
 * How the live services differ from the deployed ones; undefined if they do not.
 * @param prunes - whether a deployment removes services that others added
 */
export function driftOf(deployed: readonly Service[], live: readonly Service[], prunes = false): Drift | undefined {
  const actual = new Map(live.map((service) => [service.name, service.lines]))
  const expected = new Map(deployed.map((service) => [service.name, service.lines]))
  const reasons: string[] = []
  const before: string[] = []
  const after: string[] = []
  for (const name of [...new Set([...expected.keys(), ...actual.keys()])].sort()) {
    const wanted = expected.get(name)
    const found = actual.get(name)
    if (wanted === undefined) {
      // Without --prune, docker stack deploy ignores it.
      if (prunes) {
        reasons.push(`service ${name} is not in the Compose files`)
        before.push(`${name}: service\n`)
      }
      continue
    }
    const missing = wanted.filter((line) => found === undefined || !found.includes(line))
    const unexpected = (found ?? []).filter((line) => !wanted.includes(line))
    if (missing.length + unexpected.length === 0) continue
    reasons.push(found === undefined ? `service ${name} is missing` : `service ${name} was changed`)
    const shown = (line: string): string => `${name}: ${withoutEnvironment(line)}\n`
    before.push(...(found === undefined ? [] : unexpected.map(shown)))
    after.push(...(found === undefined ? [`${name}: service\n`] : missing.map(shown)))
  }
  return reasons.length === 0
    ? undefined
    : { summary: reasons.join(', '), actual: before.join(''), desired: after.join('') }
}
