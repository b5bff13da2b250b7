import { dropUnprintable } from './unprintable.ts'

/** Safe HTML or SVG, made by {@link html} only. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

type Value = Markup | string | number | false | undefined | readonly Value[]

/**
 * Template tag for HTML. Interpolated strings are escaped and stripped of control characters; {@link Markup} is
 * inserted as is. `false` and `undefined` render nothing, lists are concatenated.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = strings[0] ?? ''
  for (const [i, value] of values.entries()) text += render(value) + (strings[i + 1] ?? '')
  return new Markup(text)
}

function render(value: Value): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeMarkup(dropUnprintable(value))
  if (typeof value === 'number') return String(value)
  if (value instanceof Markup) return value.text
  let text = ''
  for (const each of value) text += render(each)
  return text
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes text for HTML and SVG. */
export const escapeMarkup = (text: string): string =>
  /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c) : text
