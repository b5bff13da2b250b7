#!/usr/bin/env -S npx zx
// The main job: a lab, Docker, a Swarm, the Counter app, the experiments, a report.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
