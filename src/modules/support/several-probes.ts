import type { Observed } from '../script-output.ts'
import { lastLine } from './text.ts'

/**
 * One script of several probes. Each line of output gets the number of its probe in front: the free text of a file
 * cannot be taken for that of another.
 */
export const severalProbes = (probes: readonly string[]): string =>
  probes.map((probe, place) => numbered(`(\n${probe}\n)`, String(place))).join('\n')

/**
 * Shell text that runs a command, with a word in front of each line of its output, and its exit code as the last line.
 * @param word - shell text within double quotes
 */
export const numbered = (command: string, word: string): string =>
  `{ ${command}\nprintf '\\n%s\\n' "$?"; } | LC_ALL=C sed "s/^/${word} /"`

/** The outputs of {@link severalProbes}, by the word in front. A string is an error message. */
export function separateOutputs({ stdout, stderr, exitCode }: Observed): Map<string, Observed> | string {
  if (exitCode !== 0) return lastLine(stderr) || `the probe exited with code ${exitCode}`
  const texts = new Map<string, string[]>()
  for (const line of stdout.split('\n')) {
    const [, word, text] = /^(\S+) ([^]*)$/.exec(line) ?? []
    if (word === undefined) continue
    const lines = texts.get(word) ?? []
    lines.push(text as string)
    texts.set(word, lines)
  }
  return new Map(
    [...texts].map(([word, lines]) => {
      const code = Number(lines.pop())
      return [word, { stdout: lines.join('\n'), stderr, exitCode: code }]
    }),
  )
}
