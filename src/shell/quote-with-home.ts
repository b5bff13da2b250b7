import { quote } from './quote.ts'

/** Quotes a word for the shell, which replaces `~` and `~USER` at its start. */
export function quoteWithHome(word: string): string {
  const [home = '', rest = ''] = /^(~(?:[a-z_][a-z0-9_-]*)?)((?:\/[^]*)?)$/.exec(word)?.slice(1) ?? []
  if (home === '') return quote(word)
  return rest.length < 2 ? home + rest : `${home}/${quote(rest.slice(1))}`
}
