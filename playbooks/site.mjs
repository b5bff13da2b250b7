#!/usr/bin/env -S npx zx
// Quick start: a lab, Docker, a Swarm, the Counter app, one experiment, a report.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
