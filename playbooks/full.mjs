#!/usr/bin/env -S npx zx
// The site, all experiments and the load tests, in one run with one report.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
