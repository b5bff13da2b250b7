import {
  isProvider,
  labOf,
  PROVIDER_NAMES,
  LabError,
  vmVars,
  type LabInventory,
  type LabOptions,
  type ProviderName,
} from './lab.ts'
import { gateway, nthAddress, parseSubnet } from '../modules/lab/subnet.ts'
import { toText } from '../values/to-text.ts'

type Vars = Readonly<Record<string, unknown>>

/** What this machine supports. */
export interface Capabilities {
  /** What namespaces lack here; empty: they work. */
  readonly missingForNamespaces: readonly string[]
  /** QEMU is installed, or can be installed. */
  readonly qemu: boolean
}

export interface ProviderChoice {
  readonly provider: ProviderName
  readonly reason: string
}

/** Picks the provider that works: namespaces, since they are fast; else virtual machines, which need no root. */
export function pickProvider({ missingForNamespaces: namespacesLack, qemu }: Capabilities): ProviderChoice {
  if (namespacesLack.length === 0)
    return {
      provider: 'namespaces',
      reason: 'namespaces work on this machine and are the fastest; `--provider qemu` creates virtual machines',
    }
  const lack = `namespaces need ${namespacesLack.join(', ')}`
  if (qemu) return { provider: 'qemu', reason: `${lack}; QEMU does not` }
  throw new LabError(
    `cannot create a lab on this machine: ${lack}, and QEMU is not installed (Debian: apt install qemu-system-x86 or qemu-system-arm, and qemu-utils; macOS: brew install qemu). ` +
      'Use your own machines instead: see inventory.yaml',
  )
}

/** Where the choice of a provider comes from. */
export interface ProviderRequest {
  /** From `--provider` or `-e lab_provider=`. */
  readonly requested?: string
  /** The provider this lab was created with, if the inventory did not choose it. */
  readonly remembered?: ProviderChoice
  /** `lab_dir` is from the command line: the directory of any provider. */
  readonly isDirectoryFixed?: boolean
}

/** Resolves the provider and returns the variables of each lab host. Undefined: the inventory has no lab. */
export function resolveProvider(
  inventory: LabInventory,
  wishes: ProviderRequest,
  abilities: () => Capabilities,
  options: LabOptions = {},
): { choice: ProviderChoice; vars: ReadonlyMap<string, Vars> } | undefined {
  const hosts = (inventory.groups.all ?? []).filter((host) => inventory.hostvars(host).lab_provider !== undefined)
  const [first] = hosts
  if (first === undefined) {
    if (wishes.requested === undefined) return undefined
    throw new LabError(
      '--provider applies to a lab only, and no host of the inventory has lab_provider: these are your own machines',
    )
  }
  const configured = String(inventory.hostvars(first).lab_provider)
  for (const name of [configured, wishes.requested ?? 'auto']) {
    if (name !== 'auto' && !isProvider(name))
      throw new LabError(`unknown lab provider "${name}": choose auto, ${PROVIDER_NAMES.join(' or ')}`)
  }
  const choice = chooseProvider(configured, wishes, abilities, options)
  const overridden = choice.reason !== BY_INVENTORY
  const resolved: LabInventory = {
    ...inventory,
    hostvars: (host) => {
      const vars = inventory.hostvars(host)
      if (vars.lab_provider === undefined) return vars
      return {
        ...vars,
        lab_provider: choice.provider,
        ...(overridden ? { lab_chosen: choice.reason } : {}),
        ...(wishes.isDirectoryFixed === true ? {} : directoryOf(vars, choice.provider, configured)),
      }
    },
  }
  const lab = labOf(resolved, options)
  if (lab === undefined) return undefined
  const vars = new Map(
    hosts.map((host, place): [string, Vars] => {
      const node = lab.nodes.find(({ name }) => name === host)
      const base = resolved.hostvars(host)
      if (node === undefined) return [host, base]
      return [host, choice.provider === 'qemu' ? { ...base, ...vmVars(lab, node) } : namespaceVars(base, lab, place)]
    }),
  )
  return { choice, vars }
}

const BY_INVENTORY = 'set in the inventory'

function chooseProvider(
  written: string,
  { requested: asked, remembered }: ProviderRequest,
  abilities: () => Capabilities,
  { removeCommand }: LabOptions,
): ProviderChoice {
  // Otherwise the nodes of the old provider would be orphaned.
  if (isProvider(asked) && remembered !== undefined && remembered.provider !== asked) {
    throw new LabError(
      `the lab runs on ${remembered.provider} (${remembered.reason}): remove it first${removeCommand === undefined ? '' : ` with "${removeCommand}"`}, then create it with ${asked}`,
    )
  }
  if (remembered !== undefined && !isProvider(asked)) return remembered
  if (isProvider(asked)) return { provider: asked, reason: 'chosen with --provider' }
  if (asked === undefined && isProvider(written)) return { provider: written, reason: BY_INVENTORY }
  return pickProvider(abilities())
}

/** Providers do not share a directory: the inventory's `lab_dir` belongs to the provider it was written for. */
function directoryOf(vars: Vars, provider: ProviderName, written: string): Vars {
  return vars.lab_dir === undefined || provider === written || provider === 'namespaces'
    ? {}
    : { lab_dir: `${toText(vars.lab_dir)}-vm` }
}

/** Connection defaults: an inventory written for another provider has none for namespaces. */
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
    ansible_ssh_common_args: `-o UserKnownHostsFile=${dir}/known_hosts -F none -o BindAddress=${gateway(network)}`,
    ansible_become: true,
    ...vars,
  }
}
