import { isProvider, labOf, PROVIDER_NAMES, LabError, vmVars, type Inventory, type ProviderName } from './lab.ts'
import { gateway, nthAddress, parseSubnet } from './subnet.ts'

type Vars = Readonly<Record<string, unknown>>

/** What this machine was seen to be able to do. */
export interface Abilities {
  /** Why namespaces cannot be made here, in words; none: they can. */
  readonly namespacesLack: readonly string[]
  /** QEMU is there, or can be installed. */
  readonly qemu: boolean
}

export interface Choice {
  readonly provider: ProviderName
  readonly why: string
}

/**
 * Picks the provider that works: namespaces where they can be made, since they are quick; else virtual machines, which
 * need no root.
 */
export function pick({ namespacesLack, qemu }: Abilities): Choice {
  if (namespacesLack.length === 0)
    return {
      provider: 'namespaces',
      why: 'this machine can make namespaces, which are the quickest; `--provider qemu` makes virtual machines',
    }
  const lack = `namespaces need ${namespacesLack.join(', ')}`
  if (qemu) return { provider: 'qemu', why: `${lack}; QEMU works without` }
  throw new LabError(
    `no lab can be made on this machine: ${lack}, and there is no QEMU (Debian: apt install qemu-system-x86 qemu-utils; macOS: brew install qemu). ` +
      'Use machines of your own instead: see inventory.yaml',
  )
}

/** What was asked for, from where. */
export interface Wishes {
  /** By `--provider`, or `-e lab_provider=`. */
  readonly asked?: string
  /** What this lab was made of, where that was not the inventory's own choice. */
  readonly remembered?: Choice
}

/**
 * The variables of lab hosts once it is settled what they are: host -> variables. Undefined: the inventory has no lab.
 */
export function settle(
  inventory: Inventory,
  wishes: Wishes,
  abilities: () => Abilities,
): { choice: Choice; vars: ReadonlyMap<string, Vars> } | undefined {
  const hosts = (inventory.groups.all ?? []).filter((host) => inventory.hostvars(host).lab_provider !== undefined)
  const [first] = hosts
  if (first === undefined) {
    if (wishes.asked === undefined) return undefined
    throw new LabError(
      '--provider says what the lab is made of, and no host of the inventory has lab_provider: these are machines of your own',
    )
  }
  const written = String(inventory.hostvars(first).lab_provider)
  for (const name of [written, wishes.asked ?? 'auto']) {
    if (name !== 'auto' && !isProvider(name))
      throw new LabError(`there is no provider "${name}" for a lab; there are: auto, ${PROVIDER_NAMES.join(', ')}`)
  }
  const choice = chosen(written, wishes, abilities)
  const made = choice.why !== BY_INVENTORY
  const settled: Inventory = {
    ...inventory,
    hostvars: (host) => {
      const vars = inventory.hostvars(host)
      if (vars.lab_provider === undefined) return vars
      return {
        ...vars,
        lab_provider: choice.provider,
        ...(made ? { lab_chosen: choice.why } : {}),
        ...folderOf(vars, choice.provider, written),
      }
    },
  }
  const lab = labOf(settled)
  if (lab === undefined) return undefined
  const vars = new Map(
    hosts.map((host, place): [string, Vars] => {
      const node = lab.nodes.find(({ name }) => name === host)
      const base = settled.hostvars(host)
      if (node === undefined) return [host, base]
      return [host, choice.provider === 'qemu' ? { ...base, ...vmVars(lab, node) } : namespaceVars(base, lab, place)]
    }),
  )
  return { choice, vars }
}

const BY_INVENTORY = 'the inventory says so'

function chosen(written: string, { asked, remembered }: Wishes, abilities: () => Abilities): Choice {
  // What it was made of would be left behind, with nothing that remembers it.
  if (isProvider(asked) && remembered !== undefined && remembered.provider !== asked) {
    throw new LabError(
      `the lab is made of ${remembered.provider} (${remembered.why}): take it away before you make it of ${asked}, with: npx zx playbooks/lab.mjs down`,
    )
  }
  if (remembered !== undefined && !isProvider(asked)) return remembered
  if (isProvider(asked)) return { provider: asked, why: 'asked for by --provider' }
  if (asked === undefined && isProvider(written)) return { provider: written, why: BY_INVENTORY }
  return pick(abilities())
}

/**
 * Two kinds of machines do not share a folder: the one that the inventory names is that of the kind it is written for.
 */
function folderOf(vars: Vars, provider: ProviderName, written: string): Vars {
  return vars.lab_dir === undefined || provider === written || provider === 'namespaces'
    ? {}
    : { lab_dir: `${String(vars.lab_dir)}-vm` }
}

/** An inventory that is not written for namespaces may leave out how they are reached. */
function namespaceVars(
  vars: Vars,
  { dir, subnet }: { readonly dir: string; readonly subnet: string },
  place: number,
): Vars {
  const network = parseSubnet(subnet)
  return {
    ansible_host: vars.lab_address ?? nthAddress(network, 11 + place),
    ansible_user: 'ops',
    ansible_ssh_private_key_file: `${dir}/id_ed25519`,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${dir}/known_hosts -o BindAddress=${gateway(network)}`,
    ansible_become: true,
    ...vars,
  }
}
