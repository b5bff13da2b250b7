#!/usr/bin/env -S npx zx
// Two apps behind one balancer, nginx or HAProxy, and the proof that it balances.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
