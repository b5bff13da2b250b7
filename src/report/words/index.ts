import { en, type Words } from './en.ts'

export { en, type Words }

/** The languages of the report. */
export const LANGUAGES = ['en', 'ru'] as const
export type Language = (typeof LANGUAGES)[number]

/** The report's texts in a language. Languages other than English are loaded on demand. */
export async function wordsOf(language: Language): Promise<Words> {
  return language === 'en' ? en : (await import('./ru.ts')).ru
}
