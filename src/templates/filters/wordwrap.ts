import { splitLines } from '../methods-string.ts'

/** `textwrap.wrap` of each line, as Jinja2's filter calls it. */
export function wordwrap(text: string, width: number, breaksWords: boolean, wrap: string, hyphens: boolean): string {
  return splitLines(text)
    .map((line) => wrapLine(line, width, breaksWords, hyphens).join(wrap))
    .join(wrap)
}

function wrapLine(line: string, width: number, breaksWords: boolean, hyphens: boolean): string[] {
  const chunks = (
    line.match(hyphens ? /\s+|(?:[^\s-]*[\p{L}\p{N}_]-+(?=[\p{L}_]))|\S+?(?=\s|$|(?<=[\p{L}_])-)|\S+/gu : /\s+|\S+/g) ??
    []
  ).reverse()
  const lines: string[] = []
  while (chunks.length > 0) {
    let current = ''
    if (/^\s/.test(chunks.at(-1) as string) && lines.length > 0) chunks.pop()
    while (chunks.length > 0 && current.length + (chunks.at(-1) as string).length <= width)
      current += chunks.pop() as string
    const next = chunks.at(-1)
    if (next !== undefined && next.length > width) {
      const room = Math.max(1, width - current.length)
      if (breaksWords) {
        current += next.slice(0, room)
        chunks[chunks.length - 1] = next.slice(room)
      } else if (current === '') current = chunks.pop() as string
    }
    current = current.trimEnd()
    if (current !== '') lines.push(current)
    else if (chunks.length === 0) break
  }
  return lines
}
