import { exec, type Options } from 'openssl-wrapper'
import { Refusal } from '../modules/support/worker.ts'

/**
 * Runs `openssl COMMAND` and gives what it printed. A passphrase belongs on stdin (`passin: 'stdin'`), never among the
 * options: everyone on the machine can read those.
 *
 * @param command - one word (`req`, `x509`). The package's form with a dot (`req.new`) judges by what openssl 1.0 said
 *   on stderr, and
 * reports an error where a later one succeeded; so `-new` is an option like any other.
 * @throws {Refusal} that names the command and what openssl had to say, or says that there is no openssl.
 */
export function openssl(command: string, options: Options, stdin = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = exec(command, Buffer.from(stdin), options, (error, stdout) => {
      // One that was killed has no exit code, which the package takes for success.
      if (child.signalCode !== null) reject(new Refusal(`openssl ${command} was ended by ${child.signalCode}`))
      else if (error !== null) reject(new Refusal(`openssl ${command} failed: ${reasonIn(error.message)}`))
      else resolve(stdout)
    })
    // The package does not listen for these, and an error that nobody listens for ends the process.
    child.on('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Refusal(
          error.code === 'ENOENT'
            ? 'openssl is not there: install the package openssl'
            : `openssl does not start: ${error.message}`,
        ),
      )
    })
    // It ended before it had read all: why, it says itself.
    child.stdin.on('error', () => undefined)
  })
}

/** `00A7:error:1C800064:Provider routines:ossl_cipher_unpadblock:bad decrypt:../providers/x.c:124:` */
const ERROR_LINE = /^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):/

/** Of all that openssl says about a failure, its first sentence and the reasons on its stack of errors. */
function reasonIn(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const said = lines.find(
    (line) =>
      !ERROR_LINE.test(line) &&
      !/^[.+*-]+$|^Using configuration|^Certificate request self-signature ok|^subject=/.test(line),
  )
  const reasons = [...new Set(lines.flatMap((line) => ERROR_LINE.exec(line)?.[1] ?? []))].join(', ')
  return (
    [said, said === undefined || reasons === '' ? reasons : `(${reasons})`]
      .filter((part) => part !== undefined && part !== '')
      .join(' ') || 'it does not say why'
  )
}
