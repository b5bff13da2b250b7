/** What `src/pki/openssl.ts` uses of the package, which comes without types. */
declare module 'openssl-wrapper' {
  import type { ChildProcessWithoutNullStreams } from 'node:child_process'

  /** `true` gives `-name`, a text `-name text`, a list the option once for each, `false` the bare word at the end. */
  export type Options = Readonly<Record<string, string | boolean | readonly string[]>>

  export function exec(
    command: string,
    stdin: Buffer,
    options: Options,
    callback: (error: Error | null, stdout: Buffer) => void,
  ): ChildProcessWithoutNullStreams
}
