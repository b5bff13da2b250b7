#!/usr/bin/env -S npx zx
// Docker Engine on the machines of group docker.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
