#!/usr/bin/env -S npx zx
// k3s: the cluster, and the same app on it.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
