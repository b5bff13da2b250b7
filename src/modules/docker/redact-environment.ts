/** A list of the Engine API, also one that is cut off, even within an escape: `"Env":["NAME=VALUE",...]`. */
const ENVIRONMENT = /"Env":\[(?:"(?:[^"\\]|\\.)*(?:"|\\?$),?)*/gs
const VARIABLE = /"((?:[^"\\=]|\\.)*)=(?:[^"\\]|\\.)*("|\\?$)/gs

/**
 * Replaces the values of environment variables in responses of the Engine API. Only users of the Docker socket can read
 * them on the host, and they often are passwords under any name.
 */
export const redactEnvironment = (output: string): string =>
  output.replace(ENVIRONMENT, (list) =>
    list.replace(VARIABLE, (_variable, name: string, end: string) => `"${name}=[REDACTED]${end === '"' ? end : ''}`),
  )
