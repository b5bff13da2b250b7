import { number } from './format.ts'
import { html, type Markup } from './html.ts'
import type { LongText } from './task.ts'

/** Says of long outputs how long they are and where all of each is. */
export const filesOf = (long: readonly LongText[]): Markup[] => long.map(({ stream, bytes, file }) => html`<p class="note">${
  number(bytes)} bytes of ${stream}; the first and last of them are in events.jsonl${
  file !== undefined && html`, all of them in <a href="${file}">${file}</a>`}.</p>
`)

export const pill = (status: string): Markup => html`<span class="pill ${status}">${status === 'unknown' ? 'cannot tell' : status}</span>`
