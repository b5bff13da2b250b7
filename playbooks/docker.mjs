#!/usr/bin/env -S npx zx
// Installs Docker Engine on the hosts of group docker.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
