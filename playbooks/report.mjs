#!/usr/bin/env -S npx zx
// Renders the report of a run again: HTML, Markdown, PDF or JUnit, in English or Russian.
import { runCommand } from '../src/cli/entry.mjs'

await runCommand(import.meta.url, 'src/cli/report.ts', 'report')
