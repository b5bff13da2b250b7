#!/usr/bin/env -S npx zx
// Creates a lab of nodes on this machine (up), shows it (status), removes it (down).
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
