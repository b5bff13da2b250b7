import { tableLines } from '../text/table.ts'

/*
 * Texts as data, so that a report can be rendered in another language: an English template, which is also the key in
 * the catalogue of each language, and the values of its placeholders.
 *
 * `{name}` is a value; `{n|replica|replicas}` is a number with the form of the word that belongs to it: two forms in
 * English, three in Russian (1, 2 to 4, 5 and more).
 */

/** A text as data. */
export interface Message {
  /** The English template. */
  readonly id: string
  readonly values: Readonly<Record<string, MessageValue>>
}

/** Several texts, joined by a separator. */
export interface MessageList {
  readonly list: readonly MessageValue[]
  readonly separator: string
}

/** A table whose cells can be translated. Its columns are aligned in each language. */
export interface MessageTable {
  readonly table: readonly (readonly MessageValue[])[]
  /** As in `tableLines`. */
  readonly align?: readonly ('left' | 'right')[]
}

export type MessageValue = string | number | Message | MessageList | MessageTable

/** A text that reports show. A string without values is its own key in the catalogues. */
export type Text = string | Message | MessageList | MessageTable

/** The names of a template's placeholders. */
export type PlaceholdersOf<Template extends string> = Template extends `${string}{${infer Placeholder}}${infer Rest}`
  ? (Placeholder extends `${infer Name}|${string}` ? Name : Placeholder) | PlaceholdersOf<Rest>
  : never

/** Creates a message from a template of the catalogue and its values. */
export type Say<Key extends string> = <Template extends Key>(
  id: Template,
  ...values: [PlaceholdersOf<Template>] extends [never]
    ? []
    : [values: Readonly<Record<PlaceholdersOf<Template>, MessageValue>>]
) => Message

/** A function that only accepts templates with these keys: those of the catalogues of other languages. */
export const sayIn =
  <Key extends string>(): Say<Key> =>
  (id, ...[values = {}]) => ({ id, values })

/** An error whose text can be translated: a report shows it as the reason of an inconclusive finding. */
export class MessageError extends Error {
  readonly text: Message

  constructor(text: Message) {
    super(messageText(text))
    this.text = text
  }
}

/** How a language renders messages. */
export interface MessageLanguage {
  /** The template of a key; undefined: there is none, and the English one is used. */
  readonly template: (id: string) => string | undefined
  /** Which of the forms of a word belongs to a number. */
  readonly form: (n: number, forms: readonly string[]) => string
  readonly decimalPoint: string
}

/** Messages as they are. */
export const ENGLISH_MESSAGES: MessageLanguage = {
  template: (id) => id,
  form: (n, [one = '', many = one]) => (n === 1 ? one : many),
  decimalPoint: '.',
}

/** A message as text. Default: English. */
export function messageText(message: MessageValue, language: MessageLanguage = ENGLISH_MESSAGES): string {
  if (typeof message === 'number') return decimal(String(message), language)
  if (typeof message === 'string') return decimal(message, language)
  if ('table' in message) {
    const { table, align } = message
    const rows = table.map((cells) => cells.map((cell) => messageText(cell, language)))
    return tableLines(rows, align === undefined ? {} : { align }).join('\n')
  }
  if ('list' in message) return message.list.map((each) => messageText(each, language)).join(message.separator)
  const { id, values } = message
  return (language.template(id) ?? id).replace(
    /\{(\w+)(?:\|([^}]*))?\}/g,
    (placeholder, name: string, forms?: string) => {
      const value = values[name]
      if (value === undefined) return placeholder
      const text = messageText(value, language)
      return forms === undefined ? text : `${text} ${language.form(Number(value), forms.split('|'))}`
    },
  )
}

/** `5.1` has the decimal point of the language; other texts with points, such as addresses, stay as they are. */
const decimal = (text: string, { decimalPoint }: MessageLanguage): string =>
  decimalPoint !== '.' && /^[+-]?\d+\.\d+$/.test(text) ? text.replace('.', decimalPoint) : text
