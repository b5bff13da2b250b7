/** An error with its position. */
export interface InventoryProblem {
  /** As specified by the caller, so that a terminal can open it. */
  readonly path: string
  /** From 1; 0 if the problem is the file itself (it is missing, for example). */
  readonly line: number
  /** From 1; 0 if the problem is the file itself. */
  readonly column: number
  /** What is wrong and what to do. */
  readonly message: string
  /** The text cannot be parsed: it may have another format. */
  readonly isSyntax?: boolean
}

/** A message longer than a screen would scroll its beginning away. */
const MAX_LINES = 20

/** The inventory has errors. `message` has a line for each problem: `inventory.yaml:12:7: problem: remedy`. */
export class InventoryError extends Error {
  override readonly name = 'InventoryError'
  /** In the order of the files' lines. */
  readonly problems: readonly InventoryProblem[]

  constructor(problems: readonly InventoryProblem[]) {
    super(describe(problems))
    this.problems = problems
  }
}

/** A host pattern (`hosts:` of a play, `--limit`) is invalid or matches no host. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

function describe(problems: readonly InventoryProblem[]): string {
  const lines = problems
    .slice(0, MAX_LINES)
    .map(({ path, line, column, message }) =>
      line === 0 ? `${path}: ${message}` : `${path}:${line}:${column}: ${message}`,
    )
  const hidden = problems.length - lines.length
  return hidden > 0 ? [...lines, `and ${hidden} more`].join('\n') : lines.join('\n')
}
