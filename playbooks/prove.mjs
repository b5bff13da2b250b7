#!/usr/bin/env -S npx zx
// Proves any stack: deploys a compose file or uses a running stack, and watches it under faults.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
