import { asList, asMap, type YamlMap } from '../stack/compose-values.ts'
import type { Port } from '../stack/references.ts'
import { modelOf } from './classify.ts'
import type { Mount, Overrides, ServiceSettings, StackModel } from './model.ts'

/** Prints the services of a stack for {@link modelOfServices}. */
export const servicesCommand = (stack: string): string => `docker service inspect $(docker stack services -q ${stack})`

/**
 * Derives the model from the output of {@link servicesCommand}.
 *
 * @param known - what only the compose file has: `depends_on`, `x-labbook`, and configs as files.
 */
export function modelOfServices(stack: string, json: string, known: readonly ServiceSettings[] = []): StackModel {
  const services = asList(JSON.parse(json)).map((service) => settingsOf(stack, asMap(service)))
  return modelOf(
    services.map((service) => {
      const own = known.find(({ name }) => name === service.name)
      return own === undefined
        ? service
        : { ...service, dependsOn: own.dependsOn, configText: own.configText, overrides: own.overrides }
    }),
  )
}

const NO_OVERRIDES: Overrides = {}

function settingsOf(stack: string, service: YamlMap): ServiceSettings {
  const spec = asMap(service.Spec)
  const template = asMap(spec.TaskTemplate)
  const container = asMap(template.ContainerSpec)
  const update = asMap(spec.UpdateConfig)
  const placement = asMap(template.Placement)
  const mode = modeOf(asMap(spec.Mode))
  const name = String(spec.Name)
  return {
    name: name.startsWith(`${stack}_`) ? name.slice(stack.length + 1) : name,
    image: text(container.Image),
    mode,
    replicas: Number(asMap(asMap(spec.Mode).Replicated).Replicas ?? 1),
    ports: portsOf(service),
    mounts: asList(container.Mounts).map((mount) => mountOf(asMap(mount))),
    healthcheck: healthcheckOf(container.Healthcheck),
    restart: choose(asMap(template.RestartPolicy).Condition, ['none', 'on-failure', 'any'], 'any'),
    updateOrder: choose(update.Order, ['start-first', 'stop-first'], 'stop-first'),
    rollbackOrder: choose(asMap(spec.RollbackConfig).Order, ['start-first', 'stop-first'], 'stop-first'),
    failureAction: choose(update.FailureAction, ['pause', 'continue', 'rollback'], 'pause'),
    parallelism: Number(update.Parallelism ?? 1),
    maxPerNode: Number(placement.MaxReplicas ?? 0),
    constraints: asList(placement.Constraints).map(text),
    hasMemoryLimit: Number(asMap(asMap(template.Resources).Limits).MemoryBytes ?? 0) > 0,
    dependsOn: [],
    environment: asList(container.Env).map(text),
    command: [...asList(container.Command), ...asList(container.Args)].map(text).join(' '),
    configText: '',
    overrides: NO_OVERRIDES,
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const choose = <const T extends string>(value: unknown, choices: readonly T[], fallback: T): T =>
  choices.find((choice) => choice === value) ?? fallback

function modeOf(mode: YamlMap): ServiceSettings['mode'] {
  if ('Global' in mode) return 'global'
  if ('ReplicatedJob' in mode) return 'replicated-job'
  return 'GlobalJob' in mode ? 'global-job' : 'replicated'
}

/** The endpoint has the ports that Docker chose, too. */
const portsOf = (service: YamlMap): Port[] =>
  asList(asMap(service.Endpoint).Ports ?? asMap(asMap(service.Spec).EndpointSpec).Ports).flatMap((port): Port[] => {
    const { PublishedPort: published, TargetPort: target, Protocol: protocol, PublishMode: mode } = asMap(port)
    return typeof published === 'number'
      ? [{ published, target: Number(target), protocol: text(protocol) || 'tcp', mode: text(mode) || 'ingress' }]
      : []
  })

function mountOf(mount: YamlMap): Mount {
  const driver = asMap(asMap(mount.VolumeOptions).DriverConfig)
  const network = text(asMap(driver.Options).type)
  return {
    type: text(mount.Type),
    source: text(mount.Source),
    target: text(mount.Target),
    readOnly: mount.ReadOnly === true,
    driver: /^(nfs|cifs|ceph|glusterfs)/.test(network) ? network : text(driver.Name) || 'local',
  }
}

function healthcheckOf(value: unknown): string | undefined {
  const words = asList(asMap(value).Test).map(text)
  if (words[0] === 'NONE') return 'none'
  return words.length < 2 ? undefined : words.slice(1).join(' ')
}
