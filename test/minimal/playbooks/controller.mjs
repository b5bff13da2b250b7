import { runEntry } from '../../../src/cli/entry.mjs'

await runEntry(import.meta.url)
