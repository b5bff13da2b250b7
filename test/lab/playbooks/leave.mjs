import { runEntry } from 'labbook/cli'

await runEntry(import.meta.url)
