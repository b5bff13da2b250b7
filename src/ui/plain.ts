import type { RunEvent } from '../run/events.ts'
import { exhibitLine, findingLine } from './format/finding.ts'
import { noticePaint } from './format/notice.ts'
import { outcomeLine } from './format/outcome.ts'
import { labelOf, paintOf, palette, type Label, type Palette } from './format/palette.ts'
import { recapLines } from './format/recap.ts'
import { resultBody, resultLine, type Detail } from './format/result.ts'
import { linesOf, shorten } from './format/text.ts'
import type { Screen } from './screen.ts'

export interface PlainOptions extends Detail {
  readonly colour: boolean
}

const RULE = 79
const LABEL = 'changed'.length

/**
 * Lines as they happen, each with its host in front, the same on every run: for logs, pipes and `grep`, and with colour
 * for `-v` on a terminal.
 */
export function plainScreen(stream: NodeJS.WritableStream, { colour, ...detail }: PlainOptions): Screen {
  const paint = palette(colour)
  const run = { check: false, hostWidth: 0 }
  const write = (lines: readonly string[]): void => {
    if (lines.length > 0) stream.write(`${lines.join('\n')}\n`)
  }
  return {
    show: (event) => {
      if (event.type === 'run_start') {
        run.check = event.check
        run.hostWidth = Math.max(0, ...event.hosts.map((host) => host.length))
      }
      write(eventLines(event, run, detail, paint))
    },
    done: (...lines) => {
      write(lines)
      return Promise.resolve()
    },
  }
}

interface Run {
  readonly check: boolean
  readonly hostWidth: number
}

function eventLines(event: RunEvent, { check, hostWidth }: Run, detail: Detail, paint: Palette): string[] {
  const row = (host: string, label: Label | string, text: string, ink: (text: string) => string = String): string =>
    `${host.padEnd(hostWidth)} | ${ink(label.padEnd(LABEL))} | ${text}`
  switch (event.type) {
    case 'run_start':
      return event.check ? [paint.yellow('CHECK MODE: nothing is changed; "changed" is what the run would change')] : []
    case 'play_start':
      return ['', paint.bold(header(`${event.kind === 'experiment' ? 'EXPERIMENT' : 'PLAY'} [${event.play}]`))]
    case 'play_end':
    case 'task_start':
      return []
    case 'result': {
      const label = labelOf(event)
      return [
        row(event.host, label, resultLine(event), paintOf(label, paint)),
        ...resultBody(event, detail, paint).map((line) => row(event.host, '', line)),
      ]
    }
    case 'exhibit': {
      const output = detail.verbosity > 0 ? [...linesOf(event.stdout), ...linesOf(event.stderr)] : []
      return [
        row(event.host, 'exhibit', exhibitLine(event), paint.dim),
        ...output.map((line) => row(event.host, '', line)),
      ]
    }
    case 'finding':
      return [findingLine(event, paint)]
    case 'notice':
      return [event.host === undefined
        ? noticePaint(event.level, paint)(`[${event.level.toUpperCase()}] ${shorten(event.message)}`)
        : row(event.host, event.level, shorten(event.message), noticePaint(event.level, paint))]
    case 'run_end':
      return [
        '', paint.bold(header('PLAY RECAP')), ...recapLines(event.hosts, paint),
        '', outcomeLine(event, check, paint),
      ]
  }
}

const header = (text: string): string => `${shorten(text)} ${'*'.repeat(Math.max(4, RULE - text.length - 1))}`
