#!/usr/bin/env -S npx zx
// Benchmark: 100 trivial commands.
import { runEntry } from '../../src/cli/entry.mjs'

await runEntry(import.meta.url)
