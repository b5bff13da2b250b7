import { quote } from 'labbook'
import { type LabContext } from '../../messages/say.ts'
import type { StackService } from '../model.ts'
import type { Container } from '../../methods/tasks.ts'
import { replacementTime } from '../../methods/replacement-time.ts'

/** Seconds for a check, as in the suggested health check. */
const TIMEOUT_SECONDS = 3

/**
 * Finds a health check that works in a container of a service: an HTTP request with a program of the image, to a port
 * on which the container listens. A connection alone is no check: the kernel accepts it for a process that hangs.
 *
 * @returns facts for a suggestion; empty if there is no such check.
 */
export async function healthCandidate(
  on: LabContext,
  service: StackService,
  { node, id }: Container,
): Promise<Readonly<Record<string, string>>> {
  const ports = await listeningPorts(on, service, { node, id })
  const path = httpPathOf(service)
  for (const port of ports) {
    for (const check of checksOf(`http://127.0.0.1:${port}${path}`)) {
      const { exitCode } = await on.exec({
        host: node,
        command: `timeout ${TIMEOUT_SECONDS * 2} docker exec ${id} sh -c ${quote(check)}`,
        timeout: TIMEOUT_SECONDS * 3,
      })
      if (exitCode === 0) return { test: check }
    }
  }
  return {}
}

/** Whether a container has a health check, of the service or of its image. */
export async function hasHealthcheck(on: LabContext, { node, id }: Container): Promise<boolean> {
  const { stdout } = await on.exec({
    host: node,
    command: `docker inspect --format '{{json .Config.Healthcheck}}' ${id}`,
  })
  return replacementTime(stdout.trim()) !== undefined
}

const checksOf = (url: string): string[] => [
  `curl -fsS --noproxy '*' -o /dev/null --max-time ${TIMEOUT_SECONDS - 1} ${url}`,
  `wget -q -Y off -O /dev/null -T ${TIMEOUT_SECONDS - 1} ${url}`,
  `python3 -c "import urllib.request; urllib.request.urlopen('${url}', timeout=${TIMEOUT_SECONDS - 1})"`,
]

/** A path that x-labbook names only for services that publish a port. */
const httpPathOf = ({ overrides }: StackService): string => {
  const probe = overrides.probes?.find(({ kind }) => kind === 'http')
  return probe?.kind === 'http' ? probe.path : '/'
}

/** TCP ports on which processes of a container listen, published ones first. */
async function listeningPorts(
  on: LabContext,
  { ports }: StackService,
  { node, id }: Pick<Container, 'node' | 'id'>,
): Promise<number[]> {
  const { stdout } = await on.exec({
    host: node,
    command: `cat /proc/$(docker inspect --format '{{.State.Pid}}' ${id})/net/tcp /proc/$(docker inspect --format '{{.State.Pid}}' ${id})/net/tcp6`,
  })
  const listening = parseListening(stdout)
  const published = ports.map(({ target }) => target)
  return [
    ...listening.filter((port) => published.includes(port)),
    ...listening.filter((port) => !published.includes(port)),
  ]
}

/** Parses `/proc/net/tcp`: state 0A is LISTEN, and 0B00007F is 127.0.0.11. */
export function parseListening(table: string): number[] {
  const ports = table.split('\n').flatMap((line) => {
    const [, address = '', port = ''] = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A /.exec(line) ?? []
    return port === '' || address === '0B00007F' ? [] : [Number.parseInt(port, 16)]
  })
  return [...new Set(ports)].sort((a, b) => a - b)
}
