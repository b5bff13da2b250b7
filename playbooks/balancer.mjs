#!/usr/bin/env -S npx zx
// Deploys two apps behind one load balancer, HAProxy or nginx, and verifies it.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
