import { en } from './en.ts'

export { en }

/** The texts that a language must provide. */
export type Words = typeof en

/** The languages of the report. */
export const LANGUAGES = ['en', 'ru'] as const
export type Language = (typeof LANGUAGES)[number]

/** The report's texts in a language. Languages other than English are loaded on demand. */
export async function wordsOf(language: Language): Promise<Words> {
  return language === 'en' ? en : (await import('./ru.ts')).ru
}
