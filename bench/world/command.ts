import { execFile, type ExecFileOptions } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a program and returns its stdout. @throws {Error} with its last lines if it fails. */
export async function output(file: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  try {
    const { stdout } = await execute(file, args, { ...options, maxBuffer: 1 << 28, encoding: 'utf8' })
    return stdout
  } catch (error) {
    const { stderr = '', stdout = '', message } = error as { stderr?: string; stdout?: string; message: string }
    const said = (stderr.trim() || stdout.trim() || message).split('\n').slice(-5).join('\n')
    throw new Error(`${file} ${args.slice(0, 3).join(' ')}: ${said}`, { cause: error })
  }
}
