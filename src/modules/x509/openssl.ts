import { exec, type Options } from 'openssl-wrapper'
import { Refusal } from '../support/worker.ts'

/**
 * Runs `openssl COMMAND` and returns its output. Pass a passphrase on stdin (`passin: 'stdin'`), never as an option:
 * everyone on the machine can read those.
 *
 * @param command - such as `req` or `x509`. Do not use the package's dotted form (`req.new`): it parses the stderr of
 *   openssl 1.0, and reports an error although a later openssl succeeded. Pass `-new` as an option.
 * @throws {Refusal} with the command and the error of openssl, or if openssl is missing.
 */
export function openssl(command: string, options: Options, stdin = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = exec(command, Buffer.from(stdin), options, (error, stdout) => {
      // A killed process has no exit code, which the package treats as success.
      if (child.signalCode !== null) reject(new Refusal(`openssl ${command} was killed by ${child.signalCode}`))
      else if (error !== null) reject(new Refusal(`openssl ${command} failed: ${reasonIn(error.message)}`))
      else resolve(stdout)
    })
    // The package has no listener for these, and an unhandled error event ends the process.
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Refusal(
          error.code === 'ENOENT'
            ? 'openssl is missing: install the package openssl'
            : `cannot start openssl: ${error.message}`,
        ),
      )
    })
    // It exited before reading its input; its own error tells why.
    child.stdin.on('error', () => undefined)
  })
}

/** `00A7:error:1C800064:Provider routines:ossl_cipher_unpadblock:bad decrypt:../providers/x.c:124:` */
const ERROR_LINE = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):/

/** Extracts the first message and the reasons of the error stack from openssl's stderr. */
function reasonIn(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const message = lines.find(
    (line) =>
      !ERROR_LINE.test(line) &&
      !/^[.+*-]+$|^Using configuration|^Certificate request self-signature ok|^subject=/.test(line),
  )
  const reasons = [...new Set(lines.flatMap((line) => ERROR_LINE.exec(line)?.[1] ?? []))].join(', ')
  return (
    [message, message === undefined || reasons === '' ? reasons : `(${reasons})`]
      .filter((part) => part !== undefined && part !== '')
      .join(' ') || 'no error message'
  )
}
