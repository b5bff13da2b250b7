/** One thing that is wrong, and where. */
export interface Problem {
  /** As the caller gave it, so that a terminal can open it. */
  readonly path: string
  /** From 1; 0 where the problem is the file itself (it is missing, say). */
  readonly line: number
  /** From 1; 0 where the problem is the file itself. */
  readonly column: number
  /** What is wrong and how to mend it. */
  readonly message: string
}

/** A message longer than a screen hides its own beginning. */
const MOST_SHOWN = 20

/** The inventory cannot be used. `message` has a line for each problem: `inventory.yaml:12:7: fault: remedy`. */
export class InventoryError extends Error {
  override readonly name = 'InventoryError'
  /** All of them, in the order of the files' lines. */
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(describe(problems))
    this.problems = problems
  }
}

/** A host pattern (`hosts:` of a play, `--limit`) cannot be read, names nothing, or leaves no host. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}

function describe(problems: readonly Problem[]): string {
  const lines = problems
    .slice(0, MOST_SHOWN)
    .map(({ path, line, column, message }) =>
      line === 0 ? `${path}: ${message}` : `${path}:${line}:${column}: ${message}`,
    )
  const hidden = problems.length - lines.length
  return hidden > 0 ? [...lines, `and ${hidden} more`].join('\n') : lines.join('\n')
}
