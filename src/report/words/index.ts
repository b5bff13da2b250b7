import { en, type Words } from './en.ts'

export { en, type Words }

/** The languages of the report. */
export const LANGUAGES = ['en', 'ru'] as const
export type Language = (typeof LANGUAGES)[number]

/** The fixed words in a language. Those of other languages than English are loaded when they are asked for. */
export async function wordsOf(language: Language): Promise<Words> {
  return language === 'en' ? en : (await import('./ru.ts')).ru
}
