#!/usr/bin/env -S npx zx
// Deploys two apps behind one load balancer, HAProxy or nginx, and verifies it.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
