import { slowdownOf, type PlayContext } from '../../src/labbook.ts'

type Vars = Readonly<Record<string, unknown>>
type On = Pick<PlayContext, 'hostvars'>

/**
 * The address by which the other machines know one. It is that by which this machine reaches it (`ansible_host`), but
 * for machines behind forwarded ports or with a network of their own: `swarm_advertise_addr` or, of virtual machines of
 * a lab, `lab_address`.
 */
export function addressAmongNodes({ hostvars }: On, host: string): string {
  const vars = hostvars(host)
  return String(vars.swarm_advertise_addr ?? vars.lab_address ?? vars.ansible_host ?? host)
}

/**
 * Where this machine finds a port of a machine: at its address, or at a port of this machine that leads there
 * (`lab_forwards`).
 */
export function doorTo(
  vars: Vars,
  name: string,
  port: number,
): { host: string; port: number; from?: string; slowdown?: number } {
  const slowdown = slowdownOf({ hostvars: () => vars }, [name])
  const forwards = vars.lab_forwards as Readonly<Record<string, number>> | undefined
  const from = /BindAddress=(\S+)/.exec(String(vars.ansible_ssh_common_args ?? ''))?.[1]
  return {
    host: String(vars.ansible_host ?? name),
    port: forwards?.[String(port)] ?? port,
    ...(from === undefined ? {} : { from }),
    ...(slowdown === 1 ? {} : { slowdown }),
  }
}
