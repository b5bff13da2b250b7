import { InventoryError } from './errors.ts'

/** A problem of a file as a whole. */
export const fileError = (path: string, message: string): InventoryError =>
  new InventoryError([{ path, line: 0, column: 0, message }])

/** A file that cannot be read. */
export const unreadable = (path: string, error: unknown): InventoryError =>
  fileError(path, `cannot read the file: ${(error as Error).message}`)

/**
 * The text of a file.
 *
 * @throws {InventoryError} it is not UTF-8: other characters would be replaced.
 */
export function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    const before = new TextDecoder('utf-8').decode(bytes).split('\uFFFD', 1)[0] ?? ''
    const line = before.split('\n').length
    const column = before.length - before.lastIndexOf('\n')
    throw new InventoryError([{ path, line, column, message: 'this is not UTF-8: save the file as UTF-8' }])
  }
}
