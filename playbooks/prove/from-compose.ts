import { parse } from 'yaml'
import { toText } from 'labbook'
import { asList, asMap, type YamlMap } from '../stack/compose-values.ts'
import { portsOf } from '../stack/references.ts'
import { modelOf } from './classify.ts'
import type { Mount, ServiceSettings, StackModel } from './model.ts'
import { overridesOf } from './x-labbook.ts'

/** Parses the text of a compose file whose variables are interpolated. */
export const composeData = (text: string): YamlMap => asMap(parse(text, { merge: true, logLevel: 'silent' }))

/** Reads a file beside the compose file; undefined if there is none. */
export type ReadFile = (name: string) => string | undefined

/** Derives the model from a compose file, with the defaults of `docker stack deploy`. */
export const modelOfCompose = (data: YamlMap, readFile: ReadFile = () => undefined): StackModel =>
  modelOf(
    Object.entries(asMap(data.services)).map(([name, service]) => settingsOf(name, asMap(service), data, readFile)),
  )

function settingsOf(name: string, service: YamlMap, data: YamlMap, readFile: ReadFile): ServiceSettings {
  const deploy = asMap(service.deploy)
  const update = asMap(deploy.update_config)
  const placement = asMap(deploy.placement)
  const mode = oneOf(deploy.mode, ['replicated', 'global', 'replicated-job', 'global-job'], 'replicated')
  return {
    name,
    image: text(service.image),
    mode,
    replicas: mode.startsWith('global') ? 1 : number(deploy.replicas, 1),
    ports: asList(service.ports).flatMap(portsOf),
    mounts: asList(service.volumes).map((mount) => mountOf(mount, asMap(data.volumes))),
    healthcheck: healthcheckOf(service.healthcheck),
    restart: oneOf(asMap(deploy.restart_policy).condition, ['none', 'on-failure', 'any'], 'any'),
    updateOrder: oneOf(update.order, ['start-first', 'stop-first'], 'stop-first'),
    rollbackOrder: oneOf(asMap(deploy.rollback_config).order, ['start-first', 'stop-first'], 'stop-first'),
    failureAction: oneOf(update.failure_action, ['pause', 'continue', 'rollback'], 'pause'),
    parallelism: number(update.parallelism, 1),
    maxPerNode: number(placement.max_replicas_per_node, 0),
    constraints: asList(placement.constraints).map(text),
    hasMemoryLimit: text(asMap(asMap(deploy.resources).limits).memory) !== '',
    dependsOn: namesIn(service.depends_on),
    environment: pairsOf(service.environment),
    command: [...asList(service.entrypoint), ...asList(service.command)].map(text).join(' '),
    configText: configTextOf(service, data, readFile),
    overrides: overridesOf(service),
  }
}

/** `$$` is a dollar sign. */
const text = (value: unknown): string =>
  value === undefined || value === null || typeof value === 'object' ? '' : toText(value).replaceAll('$$', () => '$')

function oneOf<const T extends string>(value: unknown, choices: readonly T[], fallback: T): T {
  return choices.find((choice) => choice === value) ?? fallback
}

const number = (value: unknown, fallback: number): number => {
  const parsed = Number(value ?? fallback)
  return Number.isFinite(parsed) ? parsed : fallback
}

const namesIn = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(text) : value === undefined ? [] : Object.keys(asMap(value))

/** A proxy names the services behind it in its configuration. */
const configTextOf = (service: YamlMap, data: YamlMap, readFile: ReadFile): string =>
  asList(service.configs)
    .map((config) => text(asMap(config).source ?? config))
    .map((config) => readFile(text(asMap(asMap(data.configs)[config]).file)) ?? '')
    .join('\n')

const pairsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.map(text) : Object.entries(asMap(value)).map(([name, entry]) => `${name}=${text(entry)}`)

function healthcheckOf(value: unknown): string | undefined {
  const { test, disable } = asMap(value)
  const words = asList(test).map(text)
  if (disable === true || words[0] === 'NONE') return 'none'
  const command = ['CMD', 'CMD-SHELL'].includes(words[0] ?? '') ? words.slice(1) : words
  return command.length === 0 ? undefined : command.join(' ')
}

/** Parses `data:/var/lib/x:ro`, `./site:/srv`, `/srv` and the long form. */
function mountOf(value: unknown, volumes: YamlMap): Mount {
  const long = asMap(value)
  if (value === long) {
    const source = text(long.source)
    return {
      type: text(long.type),
      source,
      target: text(long.target),
      readOnly: long.read_only === true,
      driver: driverOf(source, volumes),
    }
  }
  const parts = text(value).split(':')
  const [source = '', target = '', options = ''] = parts.length === 1 ? ['', ...parts] : parts
  const type = /^[./~]/.test(source) ? 'bind' : 'volume'
  return { type, source, target, readOnly: options.split(',').includes('ro'), driver: driverOf(source, volumes) }
}

/** A `local` volume with `type: nfs` is the same on all nodes. */
function driverOf(source: string, volumes: YamlMap): string {
  const { driver, driver_opts: options } = asMap(volumes[source])
  const network = text(asMap(options).type)
  return /^(nfs|cifs|ceph|glusterfs)/.test(network) ? network : text(driver) || 'local'
}
