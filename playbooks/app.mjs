#!/usr/bin/env -S npx zx
// Deploys the Counter app on the Swarm (images, registry, stack) and verifies it.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
