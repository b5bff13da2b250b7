#!/usr/bin/env -S npx zx
// Renders the report of one or several runs again: HTML, Markdown, PDF or JUnit, in English or Russian.
import { runCommand } from 'labbook/cli'

await runCommand(import.meta.url, 'playbooks/report-command.ts', 'reportCommand')
