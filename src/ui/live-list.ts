import { Listr, ListrLogger, ProcessOutput, type ListrDefaultRendererLogLevels, type ListrTaskWrapper } from 'listr2'
import type { PlayState } from './play-state.ts'
import { manyHostsLine, experimentLine, hostLine, liveTitle, type RunProgress } from './format/live.ts'
import type { Palette } from './format/palette.ts'
import { terminalSize } from './terminal-size.ts'

/** The live lines of a running play. */
export interface LiveList {
  /** Draws until {@link LiveList.end}, then clears its lines. */
  run(): Promise<void>
  end(): void
}

type Wrapper = Pick<ListrTaskWrapper<unknown, never, never>, 'title'>

interface Row {
  readonly text: (now: number) => string
  readonly failed: () => boolean
}

/** Lines reserved for the play's title, the shell prompt and some space. */
const SPARE_ROWS = 6
const REDRAW_MS = 100

/**
 * Shows a running play. listr2 is made to run the work itself; here events report it, so each listr2 task only waits
 * for the end of the play (or of the host), and the lines are rendered from the play's state: a burst of a thousand
 * events costs as much as one.
 *
 * One list per play, not per run: a list taller than the terminal cannot be redrawn cleanly.
 */
export function liveList(
  stream: NodeJS.WriteStream,
  board: PlayState,
  progress: RunProgress,
  paint: Palette,
): LiveList {
  let ended = false
  let end = (): void => {
    ended = true
  }
  const finished = new Promise<void>((resolve) => {
    end = () => {
      ended = true
      resolve()
    }
  })

  async function run(): Promise<void> {
    if (ended) return // the play ended before it was drawn
    const drawn: { row: Row; wrapper: Wrapper; fail: (error: Error) => void }[] = []
    let heading: Wrapper | undefined
    const redraw = (): void => {
      const now = Date.now()
      if (heading !== undefined) retitle(heading, liveTitle(board, progress, now, paint))
      for (const { row, wrapper, fail } of drawn) {
        const text = row.text(now)
        retitle(wrapper, text)
        if (row.failed()) fail(new Error(text))
      }
    }
    const rows = rowsOf(board, terminalSize(stream).rows, paint)
    const list = new Listr(
      [
        {
          title: liveTitle(board, progress, Date.now(), paint),
          task: (_, wrapper) => {
            heading = wrapper
            return wrapper.newListr(
              rows.map((row) => ({
                title: row.text(Date.now()),
                task: (_context, line): Promise<void> =>
                  new Promise((resolve, fail) => {
                    drawn.push({ row, wrapper: line, fail })
                    void finished.then(resolve)
                  }),
              })),
              { concurrent: true, exitOnError: false },
            )
          },
        },
      ],
      {
        exitOnError: false,
        registerSignalListeners: false, // its own would exit with 127 before our connections are closed
        rendererOptions: {
          clearOutput: true,
          collapseSubtasks: false,
          formatOutput: 'truncate',
          icon: { FAILED: '✗' },
          color: { PENDING: paint.cyan, FAILED: paint.red, COMPLETED: paint.green },
          logger: new ListrLogger<ListrDefaultRendererLogLevels>({
            processOutput: new ProcessOutput(stream, undefined, { leaveEmptyLine: false }),
          }),
        },
      },
    )
    const redrawTimer = setInterval(redraw, REDRAW_MS)
    try {
      await list.run()
    } finally {
      clearInterval(redrawTimer)
    }
  }

  return {
    run,
    end: () => {
      end()
    },
  }
}

function retitle(wrapper: Wrapper, text: string): void {
  if (wrapper.title !== text) wrapper.title = text
}

function rowsOf(board: PlayState, terminalRows: number, paint: Palette): Row[] {
  const never = (): boolean => false
  if (board.kind === 'experiment') return [{ text: (now) => experimentLine(board, now, paint), failed: never }]
  const states = [...board.hosts.values()]
  if (states.length > terminalRows - SPARE_ROWS) return [{ text: () => manyHostsLine(board, paint), failed: never }]
  const hostWidth = Math.max(0, ...states.map(({ host }) => host.length))
  return states.map((state) => ({
    text: (now) => hostLine(state, hostWidth, now, paint),
    failed: () => state.failure !== undefined,
  }))
}
