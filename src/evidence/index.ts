export { EvidenceError, openRunFolder, type RunFolder } from './folder.ts'
export { readJournal } from './read.ts'
export { openRecord, type Record } from './record.ts'
export { SummaryFold, writeSummary, type PlaySummary, type Summary } from './summary.ts'
