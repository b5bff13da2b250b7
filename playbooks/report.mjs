#!/usr/bin/env -S npx zx
// Renders the report of a run again: HTML, Markdown, PDF or JUnit, in English or Russian.
import { runCommand } from 'labbook/cli'

await runCommand(import.meta.url, 'src/cli/report.ts', 'report')
