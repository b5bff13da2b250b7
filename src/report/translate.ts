import type { Finding } from '../events/events.ts'
import { messageText, type MessageValue } from '../events/message.ts'
import type { Messages } from './messages/index.ts'

/** A text without values, such as a name: its translation, or itself. */
export const translated = (text: string, { texts }: Messages): string => texts.template(text) ?? text

/** A finding with its texts in the language of the report. Texts without a translation stay in English. */
export function translatedFinding<F extends Pick<Finding, 'statement' | 'detail' | 'messages' | 'measured'>>(
  finding: F,
  messages: Messages,
): F {
  const { statement, detail, messages: asData, measured } = finding
  const textOf = (message: MessageValue | undefined, text: string): string =>
    message === undefined ? translated(text, messages) : messageText(message, messages.texts)
  return {
    ...finding,
    statement: textOf(asData?.statement, statement),
    ...(detail === undefined ? {} : { detail: textOf(asData?.detail, detail) }),
    ...(measured === undefined
      ? {}
      : {
          measured: measured.map(({ name, unit, values }) => ({
            name: translated(name, messages),
            unit: translated(unit, messages),
            values,
          })),
        }),
  }
}
