/** A file's path and text. */
export interface SourceText {
  /** As specified by the user; errors begin with it. */
  readonly path: string
  readonly text: string
  /** It was encrypted: its texts are secrets. */
  readonly isConfidential?: boolean
}
