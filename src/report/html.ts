import { dropUnprintable } from './unprintable.ts'

/** HTML or SVG as it is to be, made by {@link html} alone. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

type Part = Markup | string | number | false | undefined | readonly Part[]

/**
 * Writes HTML: all that is put into it, but for other HTML, is text and is shown as such, without control characters.
 * Nothing stands for `false` and `undefined`, lists are put one after another.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] ?? ''
  for (const [i, part] of parts.entries()) text += write(part) + (strings[i + 1] ?? '')
  return new Markup(text)
}

function write(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'string') return escape(dropUnprintable(part))
  if (typeof part === 'number') return String(part)
  if (part instanceof Markup) return part.text
  let text = ''
  for (const each of part) text += write(each)
  return text
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escape = (text: string): string =>
  /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c) : text
