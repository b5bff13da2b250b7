#!/usr/bin/env -S npx zx
// Validates a compose file, deploys it as a stack, waits for convergence and verifies it.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
