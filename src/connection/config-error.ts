/**
 * A connection variable of a host has an invalid value. `message` names the host, the variable and the valid values.
 */
export class ConnectionConfigError extends Error {
  override readonly name = 'ConnectionConfigError'
}
