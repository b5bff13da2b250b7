#!/usr/bin/env -S npx zx
// Docker Engine and a Swarm of managers and workers.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
