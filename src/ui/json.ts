import type { Screen } from './screen.ts'

/** Events as JSON, one a line, and nothing else: the last lines meant for people are left out. */
export function jsonScreen(stream: NodeJS.WritableStream): Screen {
  return {
    show: (event) => {
      stream.write(`${JSON.stringify(event)}\n`)
    },
    done: () => Promise.resolve(),
  }
}
