import { en } from './en.ts'
import type { Messages } from './messages.ts'

export { en }

export type { Messages } from './messages.ts'

/** The languages of the report. */
export const LANGUAGES = ['en', 'ru'] as const
export type Language = (typeof LANGUAGES)[number]

/** Texts of findings in a language: the template of each English one. */
export type Catalogue = Readonly<Record<string, string>>

/** Adds the translations of a project's findings. */
export const withCatalogue = (messages: Messages, catalogue: Catalogue): Messages => ({
  ...messages,
  texts: {
    ...messages.texts,
    template: (id) => (Object.hasOwn(catalogue, id) ? catalogue[id] : messages.texts.template(id)),
  },
})

/** The report's texts in a language. Languages other than English are loaded on demand. */
export async function messagesOf(language: Language): Promise<Messages> {
  return language === 'en' ? en : (await import('./ru.ts')).ru
}
