#!/usr/bin/env -S npx zx
// Benchmark: 25 tasks on every host.
import { runEntry } from '../../src/cli/entry.mjs'

await runEntry(import.meta.url)
