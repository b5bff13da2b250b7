/** Types for the parts of the package that are used here. */
declare module 'openssl-wrapper' {
  import type { ChildProcessWithoutNullStreams } from 'node:child_process'

  /** `true` gives `-name`, a string `-name string`, a list the option once per item, `false` a positional argument. */
  export type Options = Readonly<Record<string, string | boolean | readonly string[]>>

  export function exec(
    command: string,
    stdin: Buffer,
    options: Options,
    callback: (error: Error | null, stdout: Buffer) => void,
  ): ChildProcessWithoutNullStreams
}
