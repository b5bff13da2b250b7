import type { en } from './en.ts'

/** The texts that a language must provide. */
export type Messages = typeof en
