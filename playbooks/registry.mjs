#!/usr/bin/env -S npx zx
// The registry that images come from.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
