import { WORKER } from '../../bundle/worker-path.ts'
import { sh } from '../../shell/quote.ts'
import { Secret } from '../../values/secret.ts'
import type { Observed } from '../script-output.ts'
import { lastLine } from './text.ts'

/** Thrown by a worker's program for an error that the user can fix: only the message is shown. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/**
 * Shell text that runs a program of this project with the controller's Node.js, for what shell text cannot do. Only for
 * tasks on the controller (`localhost`). The request is passed on stdin, with secrets revealed.
 *
 * @param file - the `.ts` file that exports `programs`.
 * @param program - which of them.
 */
export const callWorker = (file: string, program: string, request: unknown): string =>
  [
    sh`[ -r ${WORKER} ] || { echo ${'this task runs on the controller only: set hosts: localhost in its play'} >&2; exit 1; }`,
    sh`printf %s ${JSON.stringify(request, revealed)} | ${process.execPath} ${WORKER} ${file} ${program}`,
  ].join('\n')

/** The response, or an error message. */
export function workerAnswer({ stdout, stderr, exitCode }: Observed): unknown {
  if (exitCode !== 0) return lastLine(stderr) || `the worker exited with code ${exitCode}`
  return JSON.parse(stdout)
}

/** JSON.stringify has called toJSON by then; the holder still has the secret. */
function revealed(this: unknown, key: string, value: unknown): unknown {
  const own = (this as Record<string, unknown>)[key]
  return own instanceof Secret ? own.reveal() : value
}
