import { isMap, parseDocument } from 'yaml'
import { setInYaml, type YamlValue } from '../../../playbooks/prove/suggest/edit-yaml.ts'

/** A defect planted in a healthy stack, and the findings that it must turn. */
export interface Defect {
  readonly name: string
  readonly service: string
  /** Keys below the service -> value; undefined: the key is removed. */
  readonly edits: Readonly<Record<string, YamlValue | undefined>>
  /** Findings that must not hold. */
  readonly findings: readonly string[]
}

const defect = (name: string, service: string, edits: Defect['edits'], ...findings: string[]): Defect => ({
  name,
  service,
  edits,
  findings: findings.map((finding) => `prove.${finding}.${service}`),
})

interface DefectiveStack {
  /** The experiments that find the defects. */
  readonly kinds: readonly string[]
  /** Stateful services are tried only if they are named. */
  readonly services?: string
  readonly defects: readonly Defect[]
}

/** Stacks with defects. */
export const DEFECTIVE: readonly DefectiveStack[] = [
  {
    kinds: ['settings', 'kill', 'hang'],
    defects: [
      defect('no health check', 'shop', { healthcheck: undefined }, 'hang.replaced'),
      defect('a health check that always succeeds', 'blog', { 'healthcheck.test': 'exit 0' }, 'hang.replaced'),
      defect('no restart policy', 'shop', { 'deploy.restart_policy.condition': 'none' }, 'kill.replaced'),
      defect('one replica', 'blog', { 'deploy.replicas': 1 }, 'kill.available'),
      defect('no memory limit', 'shop', { 'deploy.resources.limits.memory': undefined }, 'settings.memory-limit'),
      defect('no memory limit', 'front', { 'deploy.resources.limits.memory': undefined }, 'settings.memory-limit'),
    ],
  },
  {
    kinds: ['update', 'broken-update'],
    defects: [
      defect(
        'the update stops the only task first',
        'shop',
        { 'deploy.replicas': 1, 'deploy.update_config.order': 'stop-first' },
        'update.requests',
      ),
      defect('the rollback stops first', 'shop', { 'deploy.rollback_config.order': 'stop-first' }, 'update.rollback'),
      defect(
        'a failed update pauses',
        'shop',
        { 'deploy.update_config.failure_action': 'pause' },
        'broken-update.rolls-back',
      ),
      defect('the grace period is too short', 'blog', { environment: { DRAIN: '20' } }, 'update.stops'),
      defect(
        'a failed update continues',
        'blog',
        { 'deploy.update_config.failure_action': 'continue' },
        'broken-update.rolls-back',
      ),
      defect(
        'a failed update pauses',
        'front',
        { 'deploy.update_config.failure_action': 'pause' },
        'broken-update.rolls-back',
      ),
    ],
  },
  {
    kinds: ['settings', 'update', 'drain'],
    defects: [
      defect('the stop signal is ignored', 'shop', { environment: { HANDLES_TERM: 'ignored' } }, 'update.stops'),
      defect(
        'max_replicas_per_node leaves no room',
        'blog',
        { 'deploy.replicas': 3, 'deploy.placement': { max_replicas_per_node: 1 } },
        'update.completes',
        'drain.moves',
      ),
      defect('no memory limit', 'blog', { 'deploy.resources.limits.memory': undefined }, 'settings.memory-limit'),
    ],
  },
  {
    kinds: ['settings'],
    services: 'store',
    defects: [
      defect(
        'a volume of one node, and a task that moves',
        'store',
        { 'deploy.placement': undefined },
        'settings.volume',
      ),
    ],
  },
]

/** Plants defects in the text of a compose file. @throws if one cannot be planted. */
export function plant(text: string, defects: readonly Defect[]): string {
  let planted = text
  for (const { name, service, edits } of defects) {
    for (const [keys, value] of Object.entries(edits)) {
      const path = keys.split('.')
      const next =
        value === undefined ? remove(planted, service, path) : setInYaml(planted, ['services', service, ...path], value)
      if (next === undefined) throw new Error(`cannot plant "${name}" in ${service}`)
      planted = next
    }
  }
  return planted
}

/** Removes a key, whether the service has it itself or inherits it. */
function remove(text: string, service: string, path: readonly string[]): string | undefined {
  const parent = path.slice(0, -1)
  const data = parseDocument(text, { merge: true }).toJS() as { services: Record<string, unknown> }
  const document = parseDocument(text)
  const value = data.services[service] as Record<string, unknown>
  const without = structuredClone(value)
  let map: Record<string, unknown> = without
  for (const key of parent) map = map[key] as Record<string, unknown>
  Reflect.deleteProperty(map, path.at(-1) as string)
  const services = document.get('services')
  if (!isMap(services)) return undefined
  services.set(service, document.createNode(without))
  return document.toString({ lineWidth: 0 })
}
