import { StringDecoder } from 'node:string_decoder'
import type { Exhibit, OutputChunk } from '../events/events.ts'
import { commandLines } from './terminal-fit.ts'
import { dropUnprintable } from './unprintable.ts'

/** As the terminal pictures of the report. */
const COLUMNS = 100
const ROWS = 30

/**
 * An exhibit as it ran, in asciicast v3: `asciinema play FILE`.
 *
 * Source: https://docs.asciinema.org/manual/asciicast/v3/
 *
 * @returns undefined if the times of its output are not known.
 */
export function asciicast(exhibit: Exhibit): string | undefined {
  const { chunks, stdout, stderr, title, start, exitCode, durationMs } = exhibit
  const outputs = { 1: Buffer.from(stdout), 2: Buffer.from(stderr) }
  if (chunks === undefined || !isComplete(chunks, outputs)) return undefined
  const command = commandLines(exhibit, COLUMNS)
  const decoders = { 1: new StringDecoder('utf8'), 2: new StringDecoder('utf8') }
  const taken = { 1: 0, 2: 0 }
  let last = 0
  const lines: unknown[] = [
    {
      version: 3,
      term: { cols: COLUMNS, rows: ROWS },
      timestamp: Math.floor(Date.parse(start) / 1000),
      title,
      command: exhibit.displayCommand ?? exhibit.command,
    },
    [0, 'o', terminalText(`${command}\n`)],
  ]
  /** Times are intervals since the event before. */
  const emit = (ms: number, code: string, data: string): void => {
    lines.push([(Math.max(ms, last) - last) / 1000, code, data])
    last = Math.max(ms, last)
  }
  for (const [ms, stream, bytes] of chunks) {
    const piece = outputs[stream].subarray(taken[stream], (taken[stream] += bytes))
    emit(ms, 'o', terminalText(decoders[stream].write(piece)))
  }
  emit(durationMs, 'x', String(exitCode))
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}

/** Without escape sequences: in a terminal that plays it, hostile output could do more than print. */
const terminalText = (text: string): string => dropUnprintable(text).replaceAll('\n', '\r\n')

/** The report keeps only the ends of long outputs. */
const isComplete = (chunks: readonly OutputChunk[], outputs: Readonly<Record<1 | 2, Buffer>>): boolean =>
  ([1, 2] as const).every(
    (wanted) =>
      chunks.reduce((sum, [, stream, bytes]) => sum + (stream === wanted ? bytes : 0), 0) === outputs[wanted].length,
  )
