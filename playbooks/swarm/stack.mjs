#!/usr/bin/env -S npx zx
// Validates a compose file, deploys it as a stack, waits for convergence and verifies it.
import { runEntry } from '../../src/cli/entry.mjs'

await runEntry(import.meta.url)
