#!/usr/bin/env -S npx zx
// Any compose file as a stack on the Swarm: checked, deployed, waited for, and proven.
import { runEntry } from '../../src/cli/entry.mjs'

await runEntry(import.meta.url)
