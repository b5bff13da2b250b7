import { type PlayContext, timeoutMultiplierOf, toText } from 'labbook'
import { swarmVars } from '../swarm/vars.ts'

type Vars = Readonly<Record<string, unknown>>
type On = Pick<PlayContext, 'hostvars'>

/**
 * The address at which other nodes reach a host: `ansible_host`, unless `swarm_advertise_addr` or `lab_address` is set
 * (hosts behind forwarded ports or in a separate network, such as a lab's virtual machines).
 */
export function nodeAddress({ hostvars }: On, host: string): string {
  const vars = hostvars(host)
  return toText(swarmVars.read(vars, host).swarm_advertise_addr ?? vars.lab_address ?? vars.ansible_host ?? host)
}

/**
 * Endpoint of a host's port as this machine reaches it: at its address, or at a forwarded local port (`lab_forwards`).
 */
export function endpointOf(
  vars: Vars,
  name: string,
  port: number,
): { host: string; port: number; from?: string; slowdown?: number } {
  const slowdown = timeoutMultiplierOf({ hostvars: () => vars }, [name])
  const forwards = vars.lab_forwards as Readonly<Record<string, number>> | undefined
  const from = /BindAddress=(\S+)/.exec(toText(vars.ansible_ssh_common_args ?? ''))?.[1]
  return {
    host: toText(vars.ansible_host ?? name),
    port: forwards?.[String(port)] ?? port,
    ...(from === undefined ? {} : { from }),
    ...(slowdown === 1 ? {} : { slowdown }),
  }
}
