import { Listr, ListrLogger, ProcessOutput, type ListrTaskWrapper } from 'listr2'
import type { Board } from './board.ts'
import { crowdLine, experimentLine, hostLine, liveTitle, type RunProgress } from './format/live.ts'
import type { Palette } from './format/palette.ts'
import { sizeOf } from './size.ts'

/** The lines of a play that is at work. */
export interface LiveList {
  /** Draws until {@link LiveList.end}; leaves nothing on the screen. */
  run(): Promise<void>
  end(): void
}

type Wrapper = Pick<ListrTaskWrapper<unknown, never, never>, 'title'>

interface Row {
  readonly text: (now: number) => string
  readonly lost: () => boolean
}

/** Lines kept free for the play's title, the shell's prompt and room to breathe. */
const SPARE_ROWS = 6
const REDRAW_MS = 100

/**
 * Shows a play while it runs. listr2 wants to run the work itself; here the work is told by events, so each of its
 * tasks only waits for the end of the play (or of the host), and the lines are drawn anew from the board: a burst of
 * a thousand events costs no more than one.
 *
 * One list a play, not one for the run: a list taller than the terminal cannot be drawn again without leaving traces.
 */
export function liveList(stream: NodeJS.WriteStream, board: Board, progress: RunProgress, paint: Palette): LiveList {
  let ended = false
  let end = (): void => {
    ended = true
  }
  const over = new Promise<void>((resolve) => {
    end = () => {
      ended = true
      resolve()
    }
  })

  async function run(): Promise<void> {
    if (ended) return // a play that was over before its turn to be drawn
    const drawn: { row: Row; wrapper: Wrapper; lose: (error: Error) => void }[] = []
    let head: Wrapper | undefined
    const redraw = (): void => {
      const now = Date.now()
      if (head !== undefined) retitle(head, liveTitle(board, progress, now, paint))
      for (const { row, wrapper, lose } of drawn) {
        const text = row.text(now)
        retitle(wrapper, text)
        if (row.lost()) lose(new Error(text))
      }
    }
    const rows = rowsOf(board, sizeOf(stream).rows, paint)
    const list = new Listr(
      [
        {
          title: liveTitle(board, progress, Date.now(), paint),
          task: (_, wrapper) => {
            head = wrapper
            return wrapper.newListr(
              rows.map((row) => ({
                title: row.text(Date.now()),
                task: (_context, line): Promise<void> =>
                  new Promise((resolve, lose) => {
                    drawn.push({ row, wrapper: line, lose })
                    void over.then(resolve)
                  }),
              })),
              { concurrent: true, exitOnError: false },
            )
          },
        },
      ],
      {
        exitOnError: false,
        registerSignalListeners: false, // its own would end the process with 127 before our hosts are let go
        rendererOptions: {
          clearOutput: true,
          collapseSubtasks: false,
          formatOutput: 'truncate',
          icon: { FAILED: '✗' },
          color: { PENDING: paint.cyan, FAILED: paint.red, COMPLETED: paint.green },
          logger: new ListrLogger({ processOutput: new ProcessOutput(stream, undefined, { leaveEmptyLine: false }) }),
        },
      },
    )
    const ticking = setInterval(redraw, REDRAW_MS)
    try {
      await list.run()
    } finally {
      clearInterval(ticking)
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

function rowsOf(board: Board, terminalRows: number, paint: Palette): Row[] {
  const never = (): boolean => false
  if (board.kind === 'experiment') return [{ text: (now) => experimentLine(board, now, paint), lost: never }]
  const states = [...board.hosts.values()]
  if (states.length > terminalRows - SPARE_ROWS) return [{ text: () => crowdLine(board, paint), lost: never }]
  const hostWidth = Math.max(0, ...states.map(({ host }) => host.length))
  return states.map((state) => ({
    text: (now) => hostLine(state, hostWidth, now, paint),
    lost: () => state.trouble !== undefined,
  }))
}
