#!/usr/bin/env -S npx zx
// Benchmark: 4 idempotent tasks on every host.
import { runEntry } from '../../src/cli/entry.mjs'

await runEntry(import.meta.url)
