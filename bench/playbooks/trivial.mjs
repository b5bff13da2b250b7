#!/usr/bin/env -S npx zx
// Benchmark: one trivial task.
import { runEntry } from '../../src/cli/entry.mjs'

await runEntry(import.meta.url)
