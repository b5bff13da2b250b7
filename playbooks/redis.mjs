#!/usr/bin/env -S npx zx
// The Redis of the Counter app: which one has the count, how it is, and switching to another on the running system.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
