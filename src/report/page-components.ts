import type { RunEvent } from '../events/events.ts'
import { html, type Markup } from './html.ts'
import type { LongOutput } from './task-detail.ts'
import type { View } from './view.ts'
import type { Messages } from './messages/index.ts'

type Status = Extract<RunEvent, { type: 'result' }>['status']

/** A note for each long output: its size and the file with the complete text. */
export const longOutputNotes = (long: readonly LongOutput[], { phrases, streams }: Messages): Markup[] =>
  long.map(
    ({ stream, bytes, file }) =>
      html`<p class="note">${phrases.longOutput(bytes, streams[stream])}events.jsonl${file !== undefined && html`${phrases.completeTextIn}<a href="${file}">${file}</a>`}.</p>
`,
  )

export const pill = (status: Status, { statuses }: Messages): Markup =>
  html`<span class="pill ${status}">${statuses[status]}</span>`

/** The sign repeats what the colour says. Screen readers get the text beside it. */
export const mark = ({ kind, sign }: View['findings'][number]['mark']): Markup =>
  html`<span class="mark ${kind}" aria-hidden="true">${sign}</span>`

/** Scrolls wide content on narrow screens, also by keyboard. */
export const scrollable = (label: string, content: Markup, kind = 'scroll'): Markup =>
  html`<div class="${kind}" role="group" aria-label="${label}" tabindex="0">${content}</div>`

/** The statistics of a finding. */
export const statisticsList = (numbers: readonly string[]): Markup | false =>
  numbers.length > 0 && html`<ul class="numbers">${numbers.map((line) => html`<li>${line}</li>`)}</ul>`
