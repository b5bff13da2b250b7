#!/usr/bin/env -S npx zx
// Shows the hosts, groups and variables of an inventory, as ansible-inventory does.
import { runCommand } from 'labbook/cli'

await runCommand(import.meta.url, 'src/cli/inventory-command.ts', 'inventoryCommand')
