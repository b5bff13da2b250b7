#!/usr/bin/env -S npx zx
// Says what results of Locust, with different numbers of replicas, allow to conclude.
import { runCommand } from 'labbook/cli'

await runCommand(import.meta.url, 'src/cli/load-import.ts', 'loadImport')
