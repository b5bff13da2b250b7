import writeFileAtomic from 'write-file-atomic'

/*
 * Not synced to disk, which costs more than rendering: a report can be rendered again from the event log.
 */
const OPTIONS = { fsync: false } as const

/** Replaces a file atomically: a reader never gets half of it. The mode and the owner of an existing file stay. */
export const replaceFile = (file: string, text: string): Promise<void> => writeFileAtomic(file, text, OPTIONS)

/** The same, synchronously. */
export const replaceFileSync = (file: string, text: string): void => {
  writeFileAtomic.sync(file, text, OPTIONS)
}
