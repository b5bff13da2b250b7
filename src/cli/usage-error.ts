/** The command line is invalid. The message is one line for the user; exit code 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
