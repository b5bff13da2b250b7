import type { RunEvent, TaskResult } from '../events/events.ts'
import { FoldingWriter } from './folding-writer.ts'
import { footerLines } from './format/footer.ts'
import { exhibitTitle, findingParagraph } from './format/finding.ts'
import { logLevelPaint } from './format/log-event.ts'
import { runStatusLine } from './format/run-status.ts'
import { labelOf, paintOf, palette, type Palette } from './format/palette.ts'
import { recapLines } from './format/recap.ts'
import { resultBody, resultLine, type ResultDetail } from './format/result.ts'
import { sanitize, wrapAnywhere, linesOf, shorten } from './format/text.ts'
import type { Screen } from './screen.ts'

export interface PlainOptions extends Omit<ResultDetail, 'width'> {
  readonly colour: boolean
  /** Whether the terminal shows hyperlinks. */
  readonly links: boolean
  /** Results are not folded, so that each is shown at once: a prompt follows. */
  readonly isPrompting?: boolean
}

const RULE = 79
const LABEL = 'changed'.length
/** Longer lines are wrapped or truncated, except with `-v` and `--diff`. */
const WIDTH = 120

/**
 * Events as lines, each starting with its host: for logs, pipes and `grep`, and with colour for `-v` on a terminal.
 * Without `-v` and `--diff`, lines have at most 120 characters and similar results are folded.
 */
export function plainScreen(
  stream: NodeJS.WritableStream,
  { colour, links, isPrompting = false, ...detail }: PlainOptions,
): Screen {
  const paint = palette(colour)
  const complete = detail.verbosity > 0 || detail.diff
  const run = { check: false, hostWidth: 0 }
  const write = (lines: readonly string[]): void => {
    if (lines.length > 0) stream.write(`${lines.join('\n')}\n`)
  }
  const lines = new PlainLines(run, { ...detail, width: complete ? Infinity : WIDTH }, paint)
  const folding = new FoldingWriter(write, () => run.check)
  return {
    show: (event) => {
      if (event.type === 'run_start') {
        run.check = event.check
        run.hostWidth = Math.max(0, ...event.hosts.map((host) => host.length))
      }
      if (complete || isPrompting) write(event.type === 'result' ? lines.ofResult(event) : lines.of(event))
      else if (event.type === 'result')
        folding.result(event, { lines: lines.ofResult(event), foldedLine: (text) => lines.folded(event, text) })
      else folding.event(event, lines.of(event))
    },
    close: (ending = {}) => {
      folding.flush()
      write(footerLines(ending, paint, links))
      return Promise.resolve()
    },
  }
}

interface Run {
  readonly check: boolean
  readonly hostWidth: number
}

/** Renders events as lines. */
class PlainLines {
  readonly #run: Run
  readonly #detail: Required<ResultDetail>
  readonly #paint: Palette
  /** The task of each host whose output was shown while it ran. */
  readonly #live = new Map<string, string>()

  constructor(run: Run, detail: Required<ResultDetail>, paint: Palette) {
    this.#run = run
    this.#detail = detail
    this.#paint = paint
  }

  of(event: Exclude<RunEvent, TaskResult>): string[] {
    const paint = this.#paint
    const { verbosity, width } = this.#detail
    switch (event.type) {
      case 'run_start':
        return event.check
          ? [paint.yellow('CHECK MODE: no changes are made; "changed" means that the run would change it')]
          : []
      case 'play_start':
        return ['', paint.bold(header(`${event.kind === 'experiment' ? 'EXPERIMENT' : 'PLAY'} [${event.play}]`))]
      case 'play_end':
      case 'task_start':
      case 'exhibit_start':
        return []
      case 'output': {
        const { host, task, lines } = event
        const head = this.#startLive(host, task) ? [this.#row(host, 'running', shorten(task), paint.dim)] : []
        return [...head, ...lines.map((line) => this.#row(host, '', sanitize(line)))]
      }
      case 'waiting': {
        const text = `for ${shorten(event.for)}, at most ${Math.ceil(event.withinSeconds)} s`
        return verbosity > 0 ? [this.#row(event.host ?? 'controller', 'waiting', text, paint.dim)] : []
      }
      case 'exhibit': {
        const title = exhibitTitle(event, this.#textWidth(event.host, 'exhibit'))
        const output =
          verbosity > 0 ? [`$ ${shorten(event.command)}`, ...linesOf(event.stdout), ...linesOf(event.stderr)] : []
        return [
          this.#row(event.host, 'exhibit', title, paint.dim),
          ...output.map((line) => this.#row(event.host, '', line)),
        ]
      }
      case 'finding':
        return findingParagraph(event, paint, width)
      case 'notice': {
        const ink = logLevelPaint(event.level, paint)
        if (event.host !== undefined) return this.#rows(event.host, event.level, shorten(event.message), ink)
        return wrapAnywhere(`[${event.level.toUpperCase()}] ${shorten(event.message)}`, width - 2).map(
          (line, i) => `${i === 0 ? '' : '  '}${ink(line)}`,
        )
      }
      case 'run_end':
        return [
          '',
          paint.bold(header('PLAY RECAP')),
          ...recapLines(event.hosts, paint),
          '',
          runStatusLine(event, this.#run.check, paint),
        ]
    }
  }

  /** Whether this is the first live output of a task. */
  #startLive(host: string, task: string): boolean {
    if (this.#live.get(host) === task) return false
    this.#live.set(host, task)
    return true
  }

  ofResult(result: TaskResult): string[] {
    const { host } = result
    const isShown = this.#live.get(host) === result.task
    if (isShown) this.#live.delete(host)
    const event = isShown ? withoutOutput(result) : result
    const label = labelOf(event)
    const text = resultLine(event)
    const width = this.#textWidth(host, label)
    // The reason of a failure is never truncated.
    const truncatable = label === 'ok' || label === 'changed' || label === 'skipped'
    return [
      ...(truncatable
        ? [this.#row(host, label, shorten(text, width), paintOf(label, this.#paint))]
        : this.#rows(host, label, text, paintOf(label, this.#paint))),
      ...resultBody(event, { ...this.#detail, width: this.#textWidth(host, '') }, this.#paint).map((line) =>
        this.#row(host, '', line),
      ),
    ]
  }

  /** The line for a group of results like this one. */
  folded(event: TaskResult, text: string): string {
    const label = labelOf(event)
    return this.#row(event.host, label, shorten(text, this.#textWidth(event.host, label)), paintOf(label, this.#paint))
  }

  /** A text wrapped into rows; the first has the label. */
  #rows(host: string, label: string, text: string, ink: (text: string) => string): string[] {
    return wrapAnywhere(text, this.#textWidth(host, label)).map((line, i) =>
      i === 0 ? this.#row(host, label, line, ink) : this.#row(host, '', line),
    )
  }

  #row(host: string, label: string, text: string, ink: (text: string) => string = String): string {
    return `${host.padEnd(this.#run.hostWidth)} | ${ink(label.padEnd(LABEL))} | ${text}`
  }

  /** The width of a row's text; a minimum, however long a host's name is. */
  #textWidth(host: string, label: string): number {
    return Math.max(
      WIDTH / 3,
      this.#detail.width - Math.max(host.length, this.#run.hostWidth) - Math.max(label.length, LABEL) - 6,
    )
  }
}

/** The output of its changes was shown before. */
const withoutOutput = (result: TaskResult): TaskResult => ({
  ...result,
  stdout: '',
  stderr: '',
  commands: result.commands.map((command) =>
    command.kind === 'change' ? { ...command, stdout: '', stderr: '' } : command,
  ),
})

const header = (text: string): string => {
  const short = shorten(text, WIDTH - 5)
  return `${short} ${'*'.repeat(Math.max(4, RULE - short.length - 1))}`
}
