#!/usr/bin/env -S npx zx
// Quick start: a lab, Docker, a Swarm, the Counter app, one experiment, a report.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
