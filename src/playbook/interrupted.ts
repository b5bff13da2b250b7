/** The user interrupted the run. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
