#!/usr/bin/env -S npx zx
// The Counter app on the Swarm: images, registry, stack, and the proof that it works.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
