import { stripVTControlCharacters } from 'node:util'

/** Quick test: most texts need no cleaning. */
const SUSPECT = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]/

/** Removes escape sequences, characters that XML forbids, and bidirectional controls that disguise text. */
export const dropUnprintable = (text: string): string =>
  SUSPECT.test(text) ? dropControls(stripVTControlCharacters(text)) : text

/** Removes control characters but line ends, and ESC unless `keepEscapes` is set. */
export const dropControls = (text: string, keepEscapes = false): string =>
  text
    .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g, (c) =>
      c === '\t' ? '  ' : c === '\x1b' && keepEscapes ? c : '',
    )
    .replace(/\p{Surrogate}/gu, '\uFFFD')
