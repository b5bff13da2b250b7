import { gateway, isNodeAddress, nthAddress, parseSubnet } from '../modules/lab/subnet.ts'
import type { Forward } from '../modules/lab/qemu/forward.ts'
import { HOST_DIRECTORIES, stateDirectory } from '../values/directories.ts'
import { toText } from '../values/to-text.ts'

export type ProviderName = 'namespaces' | 'qemu'

export interface Node {
  readonly name: string
  /** The address that other nodes use. */
  readonly address: string
  /** Where its sshd listens, as seen from this machine. */
  readonly ssh: { readonly host: string; readonly port: number }
  readonly memory?: string
  readonly disk?: string
  readonly cpus?: number
  /** A second disk, for Docker's data. */
  readonly dataDisk?: string
  readonly forwards: readonly Forward[]
}

/** Settings of virtual machines. */
export interface VmOptions {
  /** Directory of the images. */
  readonly images: string
  /** The Debian release. Default: that of this machine. */
  readonly release?: string
  /** Debian packages baked into the image. Empty: a clean install. */
  readonly packages: readonly string[]
  /** A local cloud image to use instead of building one. */
  readonly cloudImage?: string
  readonly acceleration: 'auto' | 'kvm' | 'hvf' | 'tcg'
}

/** The lab of an inventory. Its nodes are the hosts with `lab_provider`. */
export interface Lab {
  readonly provider: ProviderName
  readonly name: string
  readonly dir: string
  readonly rootfs: string
  readonly subnet: string
  readonly nodes: readonly Node[]
  readonly vm: VmOptions
}

type Vars = Readonly<Record<string, unknown>>

/** Groups, and the variables of each host. */
export interface LabInventory {
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly hostvars: (host: string) => Vars
}

/** What the playbooks of a project say about their lab. */
export interface LabOptions {
  /** Ports of a node to forward from this machine. Their order decides the local ports, so it must not change. */
  readonly publishedPorts?: (vars: Vars) => readonly number[]
  /** The command that removes the lab, for errors. */
  readonly removeCommand?: string
}

/** The inventory has an invalid lab setting. */
export class LabError extends Error {
  override readonly name = 'LabError'
}

export const PROVIDER_NAMES: readonly ProviderName[] = ['namespaces', 'qemu']

export const isProvider = (name: unknown): name is ProviderName => PROVIDER_NAMES.includes(name as ProviderName)

/** Records the provider of a lab if the inventory did not choose it: `PROVIDER`, then why. */
export const providerFile = (lab: string): string => `${stateDirectory()}/providers/${lab}`

/** The lab of an inventory whose provider is resolved (see choice.ts). */
export function labOf({ groups, hostvars }: LabInventory, options: LabOptions = {}): Lab | undefined {
  // lab_provider may be set for all hosts; the controller is no node.
  const names = (groups.all ?? []).filter(
    (host) => isProvider(hostvars(host).lab_provider) && hostvars(host).ansible_connection !== 'local',
  )
  const [first] = names
  if (first === undefined) return undefined
  const common = hostvars(first)
  const provider = common.lab_provider as ProviderName
  const other = names.find((name) => hostvars(name).lab_provider !== provider)
  if (other !== undefined)
    throw new LabError(
      `"${first}" has lab_provider ${provider}, "${other}" has ${String(hostvars(other).lab_provider)}: a lab has one provider`,
    )
  const name = text(common, 'lab_name', 'labbook')
  const own = name === 'labbook' ? '' : `-${name}`
  const lab = {
    provider,
    name,
    dir: text(
      common,
      'lab_dir',
      `${provider === 'qemu' ? `${stateDirectory()}/vm` : `${HOST_DIRECTORIES.state}/lab`}${own}`,
    ),
    rootfs: text(common, 'lab_rootfs', `${HOST_DIRECTORIES.state}/rootfs`),
    subnet: text(common, 'lab_subnet', '10.77.0.0/24'),
    vm: vmChoice(common),
  }
  return { ...lab, nodes: names.map((name, place) => nodeOf(name, hostvars(name), place, lab, options)) }
}

const text = (vars: Vars, key: string, otherwise: string): string => toText(vars[key] ?? otherwise)

function vmChoice(vars: Vars): VmOptions {
  const acceleration = text(vars, 'lab_acceleration', 'auto')
  if (!['auto', 'kvm', 'hvf', 'tcg'].includes(acceleration))
    throw new LabError(`invalid lab_acceleration "${acceleration}": use auto, kvm, hvf or tcg`)
  return {
    images: text(vars, 'lab_images', `${stateDirectory()}/images`),
    ...(vars.lab_release === undefined ? {} : { release: toText(vars.lab_release) }),
    ...(vars.lab_image === undefined ? {} : { cloudImage: toText(vars.lab_image) }),
    packages: list(vars.lab_baked),
    acceleration: acceleration as VmOptions['acceleration'],
  }
}

const list = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.map(String)
    : value === undefined || value === ''
      ? []
      : toText(value)
          .split(/[,\s]+/)
          .filter(Boolean)

function nodeOf(
  name: string,
  vars: Vars,
  place: number,
  lab: Pick<Lab, 'provider' | 'subnet'>,
  options: LabOptions,
): Node {
  const sizes = {
    ...(vars.lab_memory === undefined ? {} : { memory: toText(vars.lab_memory) }),
    ...(vars.lab_disk === undefined ? {} : { disk: toText(vars.lab_disk) }),
    ...(vars.lab_cpus === undefined ? {} : { cpus: integer('lab_cpus', vars.lab_cpus, 1, 64) }),
    ...(vars.lab_data_disk === undefined ? {} : { dataDisk: toText(vars.lab_data_disk) }),
  }
  if (lab.provider === 'namespaces') {
    const address = text(vars, 'ansible_host', name)
    return { name, address, ssh: { host: address, port: Number(vars.ansible_port ?? 22) }, ...sizes, forwards: [] }
  }
  const forwards = forwardsOf(vars, place, options)
  return {
    name,
    address: vmAddress(vars, place, lab.subnet),
    ssh: { host: '127.0.0.1', port: sshPort(vars, place) },
    ...sizes,
    forwards,
  }
}

/** `lab_address`, or the `ansible_host` of a namespace node, or the next address from .11. */
function vmAddress(vars: Vars, place: number, subnet: string): string {
  if (vars.lab_address !== undefined) return toText(vars.lab_address)
  const network = parseSubnet(subnet)
  const host = toText(vars.ansible_host ?? '')
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(host) && isNodeAddress(network, host) && host !== gateway(network)) return host
  return nthAddress(network, 11 + place)
}

/** Ports of this machine per node: its sshd first, then its published ports. */
const PORTS_OF_A_NODE = 100

const portBase = (vars: Vars): number => integer('lab_port_base', vars.lab_port_base ?? 22_000, 1024, 60_000)

function sshPort(vars: Vars, place: number): number {
  const port = portBase(vars) + PORTS_OF_A_NODE * (place + 1)
  if (port + PORTS_OF_A_NODE > 65_535)
    throw new LabError(
      `no port is left for node ${place + 1} above lab_port_base ${portBase(vars)}: lower lab_port_base`,
    )
  return port
}

function forwardsOf(vars: Vars, place: number, { publishedPorts }: LabOptions): Forward[] {
  const wanted = [
    ...(publishedPorts?.(vars) ?? []),
    ...(vars.lab_publish === undefined
      ? []
      : list(vars.lab_publish).map((port) => integer('lab_publish', port, 1, 65_535))),
  ]
  const guests = [...new Set(wanted)]
  if (guests.length >= PORTS_OF_A_NODE)
    throw new LabError(
      `lab_publish makes ${guests.length} forwarded ports: at most ${PORTS_OF_A_NODE - 1} per node are possible`,
    )
  return guests.map((guest, slot) => ({ guest, host: sshPort(vars, place) + 1 + slot }))
}

function integer(name: string, value: unknown, least: number, most: number): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new LabError(`invalid ${name} "${String(value)}": use an integer from ${least} to ${most}`)
}

/** The connection variables of a virtual machine. */
export function vmVars(lab: Lab, node: Node): Vars {
  return {
    lab_address: node.address,
    lab_dir: lab.dir,
    lab_forwards: Object.fromEntries(node.forwards.map(({ guest, host }) => [String(guest), host])),
    ansible_host: node.ssh.host,
    ansible_port: node.ssh.port,
    ansible_user: 'ops',
    ansible_ssh_private_key_file: `${lab.dir}/id_ed25519`,
    // Options of ~/.ssh/config are for the user's machines. The SSH handshake is slow under software emulation.
    ansible_ssh_common_args: `-o UserKnownHostsFile=${lab.dir}/known_hosts -F none -o ConnectTimeout=60`,
    ansible_become: true,
  }
}
