import path from 'node:path'
import { sh } from '../../shell/quote.ts'
import { Secret } from '../../values/secret.ts'
import type { Observed } from '../observed.ts'
import { lastLine } from './text.ts'

const WORKER = path.resolve(import.meta.dirname, '../../cli/worker.mjs')

/** Thrown by a worker's program for what the user can mend: the message is all that is shown. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/**
 * Shell text that has the controller's Node run a program of this project: for what no shell text can do. Only for
 * tasks on the controller (`localhost`). The request travels on stdin, secrets in it revealed.
 *
 * @param file - the `.ts` file that exports `programs`.
 * @param program - which of them.
 */
export const callWorker = (file: string, program: string, request: unknown): string =>
  [
    sh`[ -r ${WORKER} ] || { echo ${'this task works on the controller only: give its play hosts: localhost'} >&2; exit 1; }`,
    sh`printf %s ${JSON.stringify(request, revealed)} | ${process.execPath} ${WORKER} ${file} ${program}`,
  ].join('\n')

/** The answer, or as a string why there is none. */
export function workerAnswer<T>({ stdout, stderr, exitCode }: Observed): T | string {
  if (exitCode !== 0) return lastLine(stderr) || `the worker ended with exit code ${exitCode}`
  return JSON.parse(stdout) as T
}

/** JSON.stringify has called toJSON by then; the holder still has the secret. */
function revealed(this: unknown, key: string, value: unknown): unknown {
  const own = (this as Record<string, unknown>)[key]
  return own instanceof Secret ? own.reveal() : value
}
