#!/usr/bin/env -S npx zx
// Installs a k3s cluster and deploys the Counter app on it.
import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
