/** Output and exit code of a script. */
export interface Observed {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}
