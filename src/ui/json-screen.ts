import type { Screen } from './screen.ts'

/** Events as JSON lines, and nothing else: without the footer. */
export function jsonScreen(stream: NodeJS.WritableStream): Screen {
  return {
    show: (event) => {
      stream.write(`${JSON.stringify(event)}\n`)
    },
    close: () => Promise.resolve(),
  }
}
