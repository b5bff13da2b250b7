import { stripVTControlCharacters } from 'node:util'

/** What {@link dropUnprintable} may have to do with; most texts have none of it. */
const SUSPECT = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]/

/** Text for a page: without escape sequences, and without what XML forbids or what makes text look other than it is. */
export const dropUnprintable = (text: string): string =>
  SUSPECT.test(text) ? dropControls(stripVTControlCharacters(text)) : text

/** Line ends stay, and escapes where `keepEscapes` says so. */
export const dropControls = (text: string, keepEscapes = false): string =>
  text
    .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g, (c) =>
      c === '\t' ? '  ' : c === '\x1b' && keepEscapes ? c : '',
    )
    .replace(/\p{Surrogate}/gu, '\uFFFD')
