import type { RunEvent } from '../run/events.ts'
import { html, type Markup } from './html.ts'
import type { LongText } from './task.ts'
import type { View } from './view.ts'
import type { Words } from './words/index.ts'

type Status = Extract<RunEvent, { type: 'result' }>['status']

/** Says of long outputs how long they are and where all of each is. */
export const filesOf = (long: readonly LongText[], { says, streams }: Words): Markup[] =>
  long.map(
    ({ stream, bytes, file }) =>
      html`<p class="note">${says.long(bytes, streams[stream])}events.jsonl${file !== undefined && html`${says.allOf}<a href="${file}">${file}</a>`}.</p>
`,
  )

export const pill = (status: Status, { statuses }: Words): Markup =>
  html`<span class="pill ${status}">${statuses[status]}</span>`

/** The sign says it as well as the colour; who hears the page is told in words beside it. */
export const mark = ({ kind, sign }: View['findings'][number]['mark']): Markup =>
  html`<span class="mark ${kind}" aria-hidden="true">${sign}</span>`

/** What may be wider than a phone moves sideways by itself, also by keyboard. */
export const scroller = (label: string, inside: Markup, kind = 'scroll'): Markup =>
  html`<div class="${kind}" role="group" aria-label="${label}" tabindex="0">${inside}</div>`

/** How often a finding held, and numbers that were measured. */
export const numbersOf = (numbers: readonly string[]): Markup | false =>
  numbers.length > 0 && html`<ul class="numbers">${numbers.map((line) => html`<li>${line}</li>`)}</ul>`
