#!/usr/bin/env -S npx zx
// The report of a run, rendered again: as HTML, Markdown, PDF or JUnit, in English or Russian.
import { runCommand } from '../src/cli/entry.mjs'

await runCommand(import.meta.url, 'src/cli/report.ts', 'report')
