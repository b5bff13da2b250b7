import { setTimeout as sleep } from 'node:timers/promises'
import type { Exhibit, Message } from 'labbook'
import { callMany } from '../app/client.ts'
import type { Endpoint } from '../shared/http-request.ts'
import { endpointOf } from '../lab/address.ts'
import { type LabContext, say, type LabSetupContext, lines } from '../messages/say.ts'
import { clusterHosts, kubectl } from './cluster.ts'
import { distributionOf } from './distribution.ts'
import { settingsOf } from './settings.ts'
import { k3sVars } from './vars.ts'

/** Time for the controller to start and to read the Ingress. */
const WITHIN_SECONDS = 60
/** A name that no Ingress has (RFC 2606). */
const OTHER_HOST = 'other.invalid'

interface IngressFinding {
  readonly holds: boolean | null
  readonly evidence: readonly Exhibit[]
  readonly detail: Message
}

/** Addresses in the status of `kubectl get ingress -o json`. */
export function ingressAddresses(json: string): string[] {
  try {
    const { status } = JSON.parse(json) as {
      status?: { loadBalancer?: { ingress?: readonly { ip?: string; hostname?: string }[] } }
    }
    return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? [])
  } catch {
    return []
  }
}

/** Why the Ingress cannot be tested; undefined if it can. */
export function untestable(on: Pick<LabSetupContext, 'groups' | 'hostvars'>): Message | undefined {
  const { ingress_class, ingress_port: port } = settingsOf(on)
  for (const host of clusterHosts(on)) {
    const vars = on.hostvars(host)
    const disabled = k3sVars.read(vars, host).k3s_disable
    if (ingress_class === 'traefik' && disabled.includes('traefik')) return say('traefik is disabled (k3s_disable)')
    if (disabled.includes('servicelb'))
      return say('servicelb is disabled (k3s_disable), so no node opens the port of the Ingress')
    const forwards = vars.lab_forwards as Readonly<Record<string, number>> | undefined
    if (forwards !== undefined && !(String(port) in forwards))
      return say('port {port} of {host} is not forwarded to this machine', { port, host })
  }
  return undefined
}

/** The Ingress controller on every node of the inventory; for a context, at the addresses of the Ingress. */
async function ingressEndpoints(on: LabContext, hostHeader: string): Promise<Endpoint[]> {
  const { ingress_port: port, namespace } = settingsOf(on)
  const hosts = clusterHosts(on)
  if (hosts.length > 0) return hosts.map((name) => ({ ...endpointOf(on.hostvars(name), name, port), hostHeader }))
  if (distributionOf(on.hostvars('localhost'))?.tool === 'k3d') return [{ host: '127.0.0.1', port, hostHeader }]
  const { at, k } = kubectl(on)
  const { stdout } = await on.exec({
    ...at,
    command: k(`get ingress counter --namespace ${namespace} -o json`),
  })
  return ingressAddresses(stdout).map((host) => ({ host, port, hostHeader }))
}

/**
 * Requests the app through the Ingress, by its host name and by another one.
 *
 * @param ingress - what the cluster says of it
 */
export async function checkIngress(
  on: LabContext,
  ingress: Exhibit,
  withinSeconds = WITHIN_SECONDS,
): Promise<IngressFinding> {
  const { ingress_host, ingress_class } = settingsOf(on)
  const inconclusive = (why: Message): IngressFinding => ({ holds: null, evidence: [ingress], detail: why })
  const why = untestable(on)
  if (why !== undefined) return inconclusive(why)
  const { at, k } = kubectl(on)
  const known = await on.exec({ ...at, command: k(`get ingressclasses -o name`) })
  // k3s installs its controller some time after its first start.
  if (clusterHosts(on).length === 0 && !known.stdout.split('\n').some((name) => name.endsWith(`/${ingress_class}`)))
    return inconclusive(say('the cluster has no IngressClass "{name}" (ingress_class)', { name: ingress_class }))
  const targets = await ingressEndpoints(on, ingress_host)
  if (targets.length === 0) return inconclusive(say('the Ingress has no address that this machine could reach'))
  const started = Date.now()
  const request = (endpoints: readonly Endpoint[]) =>
    callMany(endpoints, 'GET', '/api/counter', { total: endpoints.length * 3, clients: endpoints.length })
  let results = await request(targets)
  const deadline = Date.now() + withinSeconds * on.timeoutMultiplier * 1000
  while (results.errors.length > 0 && Date.now() < deadline) {
    await sleep(1000, undefined, { signal: on.signal })
    results = await request(targets)
  }
  const other = await request(targets.map((target) => ({ ...target, hostHeader: OTHER_HOST })))
  const total = targets.length * 3
  const exhibit = on.record({
    title: 'Requests through the Ingress',
    command: say('GET /api/counter at {urls}, 3 times each, with Host: {host}, then with Host: {other}', {
      urls: targets.map(({ host, port }) => `http://${host}:${port}`).join(' '),
      host: ingress_host,
      other: OTHER_HOST,
    }),
    stdout: lines(
      answeredText(ingress_host, results.answers.length, total),
      ...new Set(results.errors),
      answeredText(OTHER_HOST, other.answers.length, total),
      ...new Set(other.errors),
    ),
    durationMs: Date.now() - started,
  })
  return {
    holds: results.errors.length === 0 && other.answers.length === 0,
    evidence: [ingress, exhibit],
    detail: say(
      '{failed} of {total} requests for {host} failed; {others} of {total} for another name reached the app',
      {
        failed: results.errors.length,
        total,
        host: ingress_host,
        others: other.answers.length,
      },
    ),
  }
}

const answeredText = (host: string, answered: number, total: number): Message =>
  say('Host: {host}: {answered} of {total} requests answered by the app', { host, answered, total })
