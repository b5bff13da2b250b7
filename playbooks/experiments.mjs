#!/usr/bin/env -S npx zx
// Runs experiments on the running Swarm: npx zx playbooks/experiments.mjs [names] [--repeat N]
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
