import { messageText, type Message } from '../../src/events/message.ts'

const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'id' in value && 'values' in value

/** A value in which each message is its English text. */
export function inEnglish(value: unknown): unknown {
  if (isMessage(value)) return messageText(value)
  if (Array.isArray(value)) return value.map(inEnglish)
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inEnglish(each)]))
    : value
}

/** A text without values in place of the reason of a result. */
export const reason = (text: string): Message => ({ id: text, values: {} })
