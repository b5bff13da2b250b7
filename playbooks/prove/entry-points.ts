import type { Message } from 'labbook'
import { say, verbatim } from '../messages/say.ts'
import { pingOf } from './databases.ts'
import type { StackService, ServiceSettings } from './model.ts'
import type { Port } from '../stack/references.ts'
import type { EntryPoint, EntryProbe } from '../methods/entry-point.ts'

/** Ports of programs that do not speak HTTP. */
const NOT_HTTP = new Set([
  21, 22, 23, 25, 53, 110, 143, 389, 443, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5671, 5672,
  6379, 6380, 8443, 9042, 9092, 11211, 26379, 27017,
])

/** The published TCP ports of a service. UDP ports are not probed: nothing answers an empty datagram. */
export function entryPointsOf(service: StackService): EntryPoint[] {
  const ports = service.ports.filter(({ protocol }) => protocol === 'tcp')
  return ports.map((port) => {
    const [probes, reason] = probesOf(service, port, ports.length === 1)
    return { service: service.name, port: port.published, mode: port.mode, probes, reason }
  })
}

function probesOf(
  service: ServiceSettings,
  port: Port,
  isOnlyPort: boolean,
): readonly [readonly EntryProbe[], Message] {
  const { overrides, image, healthcheck = '' } = service
  const own = overrides.probes?.filter((probe) =>
    probe.port === undefined ? isOnlyPort || probe.kind !== 'tcp' : [port.target, port.published].includes(probe.port),
  )
  if (own !== undefined && own.length > 0) return [own, verbatim('x-labbook')]
  const ping = pingOf(image)
  if (ping !== undefined) return [[{ kind: 'ping', protocol: ping }], say('image {image}', { image: ping })]
  const path = healthPath(healthcheck, port.target)
  if (path !== undefined) return [[{ kind: 'http', path }], say('path of the health check')]
  if (NOT_HTTP.has(port.target)) return [[{ kind: 'tcp' }], say('port {port} is not HTTP', { port: port.target })]
  return [[{ kind: 'http', path: '/' }], say('guess')]
}

/** The path that a health check requests from a port of its container: `curl http://127.0.0.1:8080/health`. */
export function healthPath(healthcheck: string, target: number): string | undefined {
  for (const [, port = '80', path = '/'] of healthcheck.matchAll(
    /(?:https?:\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(\/[^\s"'|;&)\],]*)?/g,
  ))
    if (Number(port) === target) return path
  return undefined
}
