#!/usr/bin/env -S npx zx
// Measures the Counter app under load: users with think time, capacity with 1 and 4 replicas, scaling.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
