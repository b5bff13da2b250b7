#!/usr/bin/env -S npx zx
// Deploys the image registry and verifies it.
import { runEntry } from '../src/cli/entry.mjs'

await runEntry(import.meta.url)
