import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Host, Inventory } from '../inventory/index.ts'
import { settle, type Abilities, type Choice } from '../lab/choice.ts'
import { isProvider, labOf, rememberedIn, type Lab } from '../lab/lab.ts'
import { lackWords, lab_preflight } from '../lab/preflight.ts'
import { isNodeAddress, parseSubnet } from '../lab/subnet.ts'

/**
 * Settles what the lab's nodes are (`--provider`, else what it was made of, else the inventory's `lab_provider`), and
 * gives their hosts the variables that follow from it.
 *
 * @throws {LabError} there is no such provider, or none that works here.
 */
export function withLab(inventory: Inventory, asked: string | undefined): Inventory {
  const vars = (host: string): Host['vars'] => inventory.hosts.get(host)?.vars ?? {}
  const all = [...inventory.hosts.keys()]
  const first = all.find((host) => vars(host).lab_provider !== undefined)
  const remembered = first === undefined ? undefined : recall(String(vars(first).lab_name ?? 'labbook'))
  const settled = settle(
    { groups: { all }, hostvars: vars },
    {
      ...(asked === undefined ? {} : { asked }),
      ...(remembered === undefined ? {} : { remembered }),
    },
    look,
  )
  if (settled === undefined) return inventory
  return {
    ...inventory,
    hosts: new Map(
      [...inventory.hosts].map(([name, host]) => [name, { ...host, vars: settled.vars.get(name) ?? host.vars }]),
    ),
  }
}

/**
 * Which hosts are machines of Labbook's lab, so that they may be disturbed: nodes of the lab that are reached where the
 * lab makes them. One with `lab_provider` whose address is another (somebody's own machine) is none.
 *
 * @param inventory - with its lab settled ({@link withLab}).
 */
export function labMachines(
  { groups, hosts }: Inventory,
  extraVars: Readonly<Record<string, unknown>>,
): (host: string) => boolean {
  const hostvars = (host: string): Readonly<Record<string, unknown>> => ({ ...hosts.get(host)?.vars, ...extraVars })
  const lab = labOf({ groups: Object.fromEntries([...groups].map(([name, group]) => [name, group.hosts])), hostvars })
  const machines = new Set(
    lab?.nodes.filter((node) => isReachedThere(lab, node, hostvars(node.name))).map(({ name }) => name),
  )
  return (host) => machines.has(host)
}

function isReachedThere(
  { provider, subnet }: Lab,
  { address, ssh }: Lab['nodes'][number],
  vars: Readonly<Record<string, unknown>>,
): boolean {
  if (provider === 'qemu') return vars.ansible_host === ssh.host && Number(vars.ansible_port) === ssh.port
  try {
    return isNodeAddress(parseSubnet(subnet), address)
  } catch (error) {
    if (error instanceof RangeError) return false // a name
    throw error
  }
}

/** What `lab.mjs up` has written down. */
function recall(lab: string): Choice | undefined {
  try {
    const [provider, ...why] = readFileSync(rememberedIn(lab), 'utf8').trim().split('\n')
    return isProvider(provider) ? { provider, why: why.join(' ') } : undefined
  } catch {
    return undefined
  }
}

/** Tries what this machine can do. */
function look(): Abilities {
  const { probe, schema } = lab_preflight.definition
  const { stdout } = spawnSync('sh', [], { input: probe(schema.parse({}), {}), encoding: 'utf8' })
  const can = spawnSync(
    'sh',
    [
      '-c',
      'command -v qemu-system-x86_64 || command -v qemu-system-aarch64 || { command -v apt-get && [ "$(id -u)" = 0 ]; }',
    ],
    { stdio: 'ignore' },
  )
  return { namespacesLack: lackWords(stdout), qemu: can.status === 0 }
}
