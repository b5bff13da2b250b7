import type { Message } from 'labbook'
import { say } from '../../messages/say.ts'
import type { StackService, StackModel } from '../model.ts'
import type { Outcome } from '../../methods/experiment-series.ts'
import type { YamlValue } from './edit-yaml.ts'

/** A change of the compose file for findings that do not hold. */
export interface ComposeChange {
  readonly service: string
  /** Keys below the service: `deploy`, `update_config`, `order`. */
  readonly path: readonly string[]
  readonly value: YamlValue
  /** What it changes in the behaviour, in one sentence. */
  readonly reason: Message
}

/** Memory for a container whose use was not measured. */
const DEFAULT_MEMORY = 256
const MIN_MEMORY = 64
/** Docker waits this many times longer for a container that handles the signal to stop. */
const GRACE_FACTOR = 4

type Rule = (outcome: Outcome, service: StackService, context: Context) => readonly ComposeChange[]

interface Context {
  readonly model: StackModel
  /** Number of nodes of the Swarm. */
  readonly nodes: number
}

const change = (service: StackService, path: string, value: YamlValue, reason: Message): ComposeChange => ({
  service: service.name,
  path: path.split('.'),
  value,
  reason,
})

const startFirst = (service: StackService, config: 'update_config' | 'rollback_config'): ComposeChange[] =>
  service.ports.some(({ mode }) => mode === 'host') || service.role === 'stateful' || service.mode !== 'replicated'
    ? []
    : [
        change(
          service,
          `deploy.${config}.order`,
          'start-first',
          say('a new task answers before an old one stops; the default stops first'),
        ),
      ]

/** A rollback that starts first waits for the port for ever. */
const stopFirst = (service: StackService): ComposeChange[] =>
  service.ports.some(({ mode }) => mode === 'host')
    ? [change(service, 'deploy.rollback_config.order', 'stop-first', say('a port of a node serves one task at a time'))]
    : []

/** A health check that was run in the container and succeeded. */
function healthcheck({ facts }: Outcome, service: StackService): ComposeChange[] {
  const { test } = facts
  if (facts.healthcheck === undefined || typeof test !== 'string') return []
  const reason = say('Swarm sends requests to a new task, and keeps a task, only while its health check succeeds')
  return facts.healthcheck === 'ineffective' && service.healthcheck !== undefined
    ? [change(service, 'healthcheck.test', test, reason)]
    : [change(service, 'healthcheck', { test, interval: '5s', timeout: '3s', retries: 3, start_period: '30s' }, reason)]
}

const restartAny = (service: StackService): ComposeChange[] =>
  service.restart === 'any'
    ? []
    : [
        change(
          service,
          'deploy.restart_policy.condition',
          'any',
          say('Swarm starts another task whenever one ends; with {restart} it does not', { restart: service.restart }),
        ),
      ]

const secondReplica = (service: StackService): ComposeChange[] =>
  service.role === 'stateless' && service.replicas === 1
    ? [change(service, 'deploy.replicas', 2, say('one task answers while the other is replaced'))]
    : []

/** Enough for all tasks, and `extra` beside them, on so many nodes. */
function roomFor(service: StackService, nodes: number, extra: number): ComposeChange[] {
  if (service.maxPerNode === 0 || nodes < 1) return []
  const needed = Math.ceil((service.replicas + extra) / nodes)
  return needed <= service.maxPerNode
    ? []
    : [
        change(
          service,
          'deploy.placement.max_replicas_per_node',
          needed,
          say('the nodes ({nodes}) then have room for all tasks ({tasks})', { nodes, tasks: service.replicas + extra }),
        ),
      ]
}

/** The rules by `KIND.CLAIM`. */
const RULES: Readonly<Record<string, Rule>> = {
  'settings.memory-limit': ({ facts }, service) => {
    const used = Number(facts['memory MiB'] ?? Number.NaN)
    const limit = Number.isNaN(used) ? DEFAULT_MEMORY : Math.max(MIN_MEMORY, Math.ceil((used * 3) / 16) * 16)
    return [
      change(
        service,
        'deploy.resources.limits.memory',
        `${limit}M`,
        say('a leak ends this container, not its neighbours{used}', {
          used: Number.isNaN(used) ? '' : say('; it used {used} MiB', { used }),
        }),
      ),
    ]
  },
  'settings.volume': ({ facts }, service) =>
    typeof facts.node === 'string'
      ? [
          change(
            service,
            'deploy.placement.constraints',
            [...service.constraints, `node.hostname == ${facts.node}`],
            say('the task stays on the node with its volume; or use a volume driver that all nodes share'),
          ),
        ]
      : [],
  'kill.replaced': (_outcome, service) => restartAny(service),
  'kill.available': (_outcome, service) => secondReplica(service),
  'hang.replaced': healthcheck,
  'update.completes': ({ facts }, service, { nodes }) =>
    String(facts.error).includes('max replicas per node')
      ? roomFor(service, nodes, Math.max(1, service.parallelism))
      : String(facts.error).includes('host-mode port')
        ? [
            change(
              service,
              'deploy.update_config.order',
              'stop-first',
              say('a port of a node serves one task at a time'),
            ),
          ]
        : [],
  'update.requests': (outcome, service) => [
    ...(service.updateOrder === 'stop-first' ? startFirst(service, 'update_config') : []),
    ...healthcheck(outcome, service),
  ],
  'update.rollback': (outcome, service) => [
    ...(service.rollbackOrder === 'stop-first' ? startFirst(service, 'rollback_config') : stopFirst(service)),
    ...healthcheck(outcome, service),
  ],
  'update.stops': ({ facts }, service) =>
    facts.handlesStopSignal === 'no'
      ? [change(service, 'init', true, say('its first process has no handler for the stop signal; an init ends it'))]
      : [
          change(
            service,
            'stop_grace_period',
            `${Number(facts.grace ?? 10) * GRACE_FACTOR}s`,
            say('it needs more than {grace} s to finish its requests', { grace: String(facts.grace ?? 10) }),
          ),
        ],
  'broken-update.rolls-back': (_outcome, service) =>
    service.failureAction === 'rollback'
      ? []
      : [
          change(
            service,
            'deploy.update_config.failure_action',
            'rollback',
            say('Swarm restores the version that works; {action} leaves the broken one', {
              action: service.failureAction,
            }),
          ),
        ],
  'broken-update.requests': (outcome, service) => [
    ...(service.updateOrder === 'stop-first' ? startFirst(service, 'update_config') : []),
    ...healthcheck(outcome, service),
  ],
  'dependency.recovers': ({ service: away }, _service, { model }) =>
    model.services.filter(({ dependencies }) => dependencies.includes(away)).flatMap(restartAny),
}

/** Tasks of a lost node need room on the others. */
const moves: Rule = ({ facts }, service, { nodes }) =>
  String(facts.error).includes('max replicas per node') ? roomFor(service, nodes - 1, 0) : []

/** Services whose only task was on the lost node. */
const notAlone = ({ facts }: Outcome, { model }: Context): ComposeChange[] => {
  const names = String(facts.alone ?? '').split(',')
  return model.services.filter(({ name }) => names.includes(name)).flatMap(secondReplica)
}

function changesOf(outcome: Outcome, context: Context): readonly ComposeChange[] {
  const { kind, claim } = outcome
  const service = context.model.services.find(({ name }) => name === outcome.service)
  if (service === undefined) return claim === 'available' ? notAlone(outcome, context) : []
  const rule = RULES[`${kind}.${claim}`] ?? (claim === 'moves' ? moves : undefined)
  return rule?.(outcome, service, context) ?? []
}

/** The changes for all findings that do not hold, each once. */
export function changesFor(outcomes: readonly Outcome[], context: Context): ComposeChange[] {
  const changes = new Map<string, ComposeChange>()
  for (const outcome of outcomes.filter(({ holds }) => holds === false)) {
    for (const each of changesOf(outcome, context)) {
      const key = [each.service, ...each.path].join('\n')
      const known = changes.get(key)
      // Two findings may need room for different numbers of tasks.
      if (known === undefined || Number(each.value) > Number(known.value)) changes.set(key, each)
    }
  }
  return [...changes.values()]
}
