#!/usr/bin/env -S npx zx
// Runs the quick start, all experiments and the load tests in one run with one report.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
