/** The last line that is not empty: there, commands report what went wrong. */
export const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)?.trim() ?? ''

/** A text truncated for titles. */
export const shorten = (text: string, length = 60): string => {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}

/** `1 package`, `2 packages`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
