import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Host, Inventory } from '../inventory/index.ts'
import { resolveProvider, type Capabilities, type ProviderChoice } from '../lab/provider-choice.ts'
import { isProvider, labOf, providerFile, type Lab, type LabOptions } from '../lab/lab.ts'
import { missingRequirements, lab_preflight } from '../modules/lab/preflight.ts'
import { isNodeAddress, parseSubnet } from '../modules/lab/subnet.ts'
import { inventoryVariables } from '../playbook/variables.ts'
import { toText } from '../values/to-text.ts'

/** What the command line says about the lab. */
export interface LabRequest {
  /** `--provider`, else `-e lab_provider=`. */
  readonly provider?: string | undefined
  readonly extraVars?: Readonly<Record<string, unknown>>
}

/**
 * Selects the lab's provider (`--provider`, else that of the existing lab, else `lab_provider` of the inventory) and
 * sets the variables of its hosts.
 *
 * @param options - of the playbook.
 * @throws {LabError} the provider does not exist, or none is supported here.
 */
export function withLab(
  inventory: Inventory,
  { provider, extraVars = {} }: LabRequest,
  options?: LabOptions,
): Inventory {
  // The inventory's provider says whom its `lab_dir` belongs to.
  const overriding = Object.fromEntries(Object.entries(extraVars).filter(([name]) => name !== 'lab_provider'))
  const rendered = inventoryVariables(inventory, overriding)
  const vars = (host: string): Host['vars'] =>
    labVariables(inventory.hosts.get(host)?.vars ?? {}, overriding, rendered(host))
  const all = [...inventory.hosts.keys()]
  const first = all.find((host) => vars(host).lab_provider !== undefined)
  const stored = first === undefined ? undefined : storedChoice(toText(vars(first).lab_name ?? 'labbook'))
  const lab = resolveProvider(
    { groups: { all }, hostvars: vars },
    {
      ...(provider === undefined ? {} : { requested: provider }),
      ...(stored === undefined ? {} : { remembered: stored }),
      isDirectoryFixed: overriding.lab_dir !== undefined,
    },
    probeController,
    options,
  )
  if (lab === undefined) return inventory
  return {
    ...inventory,
    hosts: new Map(
      [...inventory.hosts].map(([name, host]) => [name, { ...host, vars: lab.vars.get(name) ?? host.vars }]),
    ),
  }
}

/** The extra variables of a run: `lab_provider` is the provider that {@link withLab} selected, also for `auto`. */
export function withSelectedProvider(
  extraVars: Readonly<Record<string, unknown>>,
  { hosts }: Inventory,
): Readonly<Record<string, unknown>> {
  const selected = [...hosts.values()].map(({ vars }) => vars.lab_provider).find(isProvider)
  return extraVars.lab_provider === undefined || selected === undefined
    ? extraVars
    : { ...extraVars, lab_provider: selected }
}

/** The lab depends on these before it knows anything else. Other variables may need what it sets. */
const LAB = /^(?:lab_|ansible_(?:host|port|connection)$)/

/** A host's variables, of which those of the lab are rendered; for the controller only those that say it is none. */
function labVariables(vars: Host['vars'], overriding: Host['vars'], rendered: Host['vars']): Host['vars'] {
  if (vars.lab_provider === undefined) return vars
  const needed = rendered.ansible_connection === 'local' ? /^(?:lab_provider|ansible_connection)$/ : LAB
  const names = Object.keys({ ...vars, ...overriding }).filter((name) => needed.test(name))
  return { ...vars, ...Object.fromEntries(names.map((name) => [name, rendered[name]])) }
}

/**
 * Which hosts are nodes of Labbook's lab and may be disturbed: those with the address that the lab assigned. A host
 * with `lab_provider` and another address (the user's own machine) is not.
 *
 * @param inventory - the result of {@link withLab}.
 */
export function labMachineTest(
  inventory: Inventory,
  extraVars: Readonly<Record<string, unknown>>,
): (host: string) => boolean {
  const { groups } = inventory
  const variables = inventoryVariables(inventory, extraVars)
  const hostvars = (host: string): Readonly<Record<string, unknown>> => variables(host)
  const lab = labOf({ groups: Object.fromEntries([...groups].map(([name, group]) => [name, group.hosts])), hostvars })
  const machines = new Set(
    lab?.nodes.filter((node) => hasLabAddress(lab, node, hostvars(node.name))).map(({ name }) => name),
  )
  return (host) => machines.has(host)
}

function hasLabAddress(
  { provider, subnet }: Lab,
  { address, ssh }: Lab['nodes'][number],
  vars: Readonly<Record<string, unknown>>,
): boolean {
  if (provider === 'qemu') return vars.ansible_host === ssh.host && Number(vars.ansible_port) === ssh.port
  try {
    return isNodeAddress(parseSubnet(subnet), address)
  } catch (error) {
    if (error instanceof RangeError) return false // a host name
    throw error
  }
}

/** The choice that creating the lab has stored. */
function storedChoice(lab: string): ProviderChoice | undefined {
  try {
    const [provider, ...reason] = readFileSync(providerFile(lab), 'utf8').trim().split('\n')
    return isProvider(provider) ? { provider, reason: reason.join(' ') } : undefined
  } catch {
    return undefined
  }
}

/** Probes what the controller supports. */
function probeController(): Capabilities {
  const { definition } = lab_preflight
  const { stdout } = spawnSync('sh', [], { input: definition.probe(definition.schema.parse({}), {}), encoding: 'utf8' })
  const can = spawnSync(
    'sh',
    [
      '-c',
      'command -v qemu-system-x86_64 || command -v qemu-system-aarch64 || { command -v apt-get && [ "$(id -u)" = 0 ]; }',
    ],
    { stdio: 'ignore' },
  )
  return { missingForNamespaces: missingRequirements(stdout), qemu: can.status === 0 }
}
