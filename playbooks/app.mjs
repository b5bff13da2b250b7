#!/usr/bin/env -S npx zx
// Deploys the Counter app on the Swarm (images, registry, stack) and verifies it.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
