#!/usr/bin/env -S npx zx
// The report of a run, rendered again: as HTML, Markdown, PDF or JUnit, in English or Russian.
import path from 'node:path'
import { loadModule } from '../src/cli/bundle.mjs'

const root = path.resolve(import.meta.dirname, '..')
const loaded = await loadModule(root, path.join(root, 'src/cli/report.ts'))
const at = process.argv.findIndex((word) => path.basename(word) === 'report.mjs')
process.exitCode = loaded === undefined ? 1 : await loaded.report(process.argv.slice(at + 1), root)
