import type { Message } from 'labbook'
import { say, verbatim } from '../messages/say.ts'
import { isDatabase } from './databases.ts'
import { entryPointsOf } from './entry-points.ts'
import type { Mount, ServiceRole, StackService, ServiceSettings, StackModel } from './model.ts'

/** Derives roles, dependencies and entry points from the settings of the services. */
export function modelOf(settings: readonly ServiceSettings[]): StackModel {
  const names = settings.map(({ name }) => name)
  const isUsed = (name: string): boolean => settings.some((other) => dependenciesOf(other, names).includes(name))
  const services = settings.map((service): StackService => {
    const [role, roleReason] = roleOf(service, isUsed(service.name))
    return { ...service, role, roleReason, dependencies: dependenciesOf(service, names) }
  })
  return { services, entryPoints: services.flatMap(entryPointsOf) }
}

/** Sockets and files of the node that monitoring agents mount; they are not data of the service. */
const NODE_PATH = /^\/(proc|sys|dev|run|var\/run|etc|lib\/modules)(\/|$)/

const keepsData = ({ type, source, readOnly }: Mount): boolean =>
  !readOnly && (type === 'volume' || type === 'cluster' || (type === 'bind' && !NODE_PATH.test(source)))

const mountText = ({ type, source, target }: Mount): Message =>
  type === 'bind'
    ? say('directory {source} of the node', { source })
    : source === ''
      ? say('volume at {target}', { target })
      : say('volume {source}', { source })

/** Mounts that keep data of the service. */
export const dataMounts = ({ mounts }: Pick<ServiceSettings, 'mounts'>): readonly Mount[] => mounts.filter(keepsData)

function roleOf(service: ServiceSettings, isUsed: boolean): readonly [ServiceRole, Message] {
  const { overrides, mode, image, restart, ports, replicas } = service
  if (overrides.role !== undefined) return [overrides.role, verbatim('x-labbook')]
  if (mode.endsWith('-job')) return ['one-shot', say('mode {mode}', { mode })]
  const [mount] = dataMounts(service)
  if (mount !== undefined) return ['stateful', mountText(mount)]
  if (isDatabase(image)) return ['stateful', say('image of a database')]
  // Migrations and the like. A server without a restart policy publishes a port or is used by another service.
  if (restart !== 'any' && ports.length === 0 && !isUsed && service.healthcheck === undefined)
    return ['one-shot', say('restart_policy {restart}, and no service uses it', { restart })]
  if (mode === 'global') return ['global', say('mode {mode}', { mode })]
  return ['stateless', say('{n|replica|replicas}, no volume', { n: replicas })]
}

/** Names of variables whose value is a host. */
const HOST_VARIABLE = /(host|hosts|addr|address|server|servers|url|uri|dsn|endpoint|upstream|backend|broker|nodes?)$/i

const escaped = (name: string): string => name.replaceAll(/[.*+?^${}()|[\]\\-]/g, String.raw`\$&`)

/** `redis` in `redis://redis:6379/0`, `tasks.redis:6379`, `a,redis:6379`; not in `my-redis` or `redis.conf`. */
const mentions = (text: string, name: string): boolean =>
  new RegExp(`(?:^|//|[@,=\\s'"]|tasks\\.)${escaped(name)}(?=:\\d|/)(?!://)`, 'i').test(text)

/** The value is the name, or a list of names. */
const isHostList = (value: string, name: string): boolean => value.split(/[,\s]+/).includes(name)

function usesHost(entry: string, name: string): boolean {
  const at = entry.indexOf('=')
  const [variable, value] = at === -1 ? ['', entry] : [entry.slice(0, at), entry.slice(at + 1)]
  return mentions(value, name) || (HOST_VARIABLE.test(variable) && isHostList(value, name))
}

/** Services named in `depends_on`, the environment, the command or a config. */
function dependenciesOf(service: ServiceSettings, names: readonly string[]): string[] {
  const { overrides, dependsOn, environment, command, configText } = service
  const wanted = overrides.dependsOn
  return names.filter(
    (name) =>
      name !== service.name &&
      (wanted?.includes(name) ??
        (dependsOn.includes(name) ||
          environment.some((entry) => usesHost(entry, name)) ||
          mentions(command, name) ||
          mentions(configText, name))),
  )
}
