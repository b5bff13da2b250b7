/** A host's connection variables cannot be used. `message` names the host, the variable and what it may be. */
export class ConnectionConfigError extends Error {
  override readonly name = 'ConnectionConfigError'
}
