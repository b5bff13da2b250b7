import type { Finding, RunStart } from '../events/events.ts'
import { applyEvent, initialPlayState, type PlayState } from './play-state.ts'
import { footerLines } from './format/footer.ts'
import { findingLines } from './format/finding.ts'
import { logLines } from './format/log-event.ts'
import { runStatusLine } from './format/run-status.ts'
import { palette, type Palette } from './format/palette.ts'
import { playLines } from './format/play.ts'
import { recapLines } from './format/recap.ts'
import { count } from './format/text.ts'
import { liveList, type LiveList } from './live-list.ts'
import type { Screen } from './screen.ts'
import { terminalSize } from './terminal-size.ts'

export interface TerminalOptions {
  readonly diff: boolean
  readonly colour: boolean
  /** The durations of the phases in earlier runs, in milliseconds. */
  readonly expected: readonly (number | undefined)[]
}

const MAX_HOSTS_LISTED = 8

/** The live screen: a line per host of the running play; a finished play is one line, with its failures below. */
export function terminalScreen(stream: NodeJS.WriteStream, { diff, colour, expected }: TerminalOptions): Screen {
  const paint = palette(colour)
  let check = false
  let startedAt = Date.now()
  let current: { board: PlayState; live: LiveList } | undefined
  const findings: Finding[] = []
  // Drawing is asynchronous, events are not: writes are queued here.
  let drawing: Promise<void> = Promise.resolve()
  const write = (lines: readonly string[]): void => {
    drawing = drawing.then(() => {
      stream.write(`${lines.join('\n')}\n`)
    })
  }
  const closePlay = (durationMs: number | null): void => {
    if (current === undefined) return
    const { board, live } = current
    current = undefined
    live.end()
    findings.push(...board.findings)
    write(playLines(board, { check, diff, durationMs, width: terminalSize(stream).columns }, paint))
  }

  return {
    show: (event) => {
      if (current !== undefined) applyEvent(current.board, event)
      switch (event.type) {
        case 'run_start':
          check = event.check
          startedAt = Date.parse(event.time)
          write(headLines(event, paint))
          return
        case 'play_start': {
          closePlay(null)
          const board = initialPlayState(event)
          const live = liveList(stream, board, { startedAt, phaseDurations: expected }, paint)
          current = { board, live }
          drawing = drawing.then(() => live.run())
          return
        }
        case 'play_end':
          closePlay(event.durationMs)
          return
        case 'notice':
          if (current === undefined) write(logLines(event, paint, terminalSize(stream).columns))
          return
        case 'run_end':
          closePlay(null)
          if (findings.length > 0) {
            write(['', paint.bold('FINDINGS'), ...findingLines(findings, paint, terminalSize(stream).columns)])
          }
          write([
            '',
            paint.bold('PLAY RECAP'),
            ...recapLines(event.hosts, paint),
            '',
            runStatusLine(event, check, paint),
          ])
          return
        case 'task_start':
        case 'waiting':
        case 'output':
        case 'result':
        case 'exhibit_start':
        case 'exhibit':
        case 'finding':
      }
    },
    close: async (ending = {}) => {
      closePlay(null)
      const lines = footerLines(ending, paint, colour)
      if (lines.length > 0) write(lines)
      await drawing
    },
  }
}

function headLines({ playbook, version, hosts, check }: RunStart, paint: Palette): string[] {
  const named = hosts.length <= MAX_HOSTS_LISTED ? `: ${hosts.join(' ')}` : ''
  return [
    `${paint.bold(`Labbook ${version}`)}  ${playbook}  ${paint.dim(`${count(hosts.length, 'host')}${named}`)}`,
    ...(check ? [paint.yellow('Check mode: no changes are made')] : []),
    '',
  ]
}
