import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import type { World } from '../world/world.ts'
import type { HostEntry } from './runner.ts'

/** Variables of the templates. */
export const VARIABLES = { app_name: 'counter', app_port: 8080, app_peers: ['red', 'green', 'blue'] } as const

/** Writes the inventory for Ansible and Labbook. */
export function writeInventory(file: string, world: World, hosts: readonly HostEntry[]): void {
  const entries = hosts.map(({ name, address }) => [name, { ansible_host: address }] as const)
  const vars = {
    ...VARIABLES,
    ansible_user: 'root',
    ansible_ssh_private_key_file: world.key,
    ansible_ssh_common_args: `-o UserKnownHostsFile=${world.knownHosts}`,
    // Saves Ansible the interpreter discovery, a round trip per host.
    ansible_python_interpreter: '/usr/bin/python3',
  }
  writeFileSync(file, stringify({ all: { hosts: Object.fromEntries(entries), vars } }))
}
