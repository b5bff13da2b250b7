#!/usr/bin/env -S npx zx
// Deploys the image registry and verifies it.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
