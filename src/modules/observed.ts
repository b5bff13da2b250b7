/** What a script printed and how it ended. */
export interface Observed {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}
