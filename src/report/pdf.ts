import { execFile } from 'node:child_process'
import { accessSync, chmodSync, constants, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { PRIVATE_FILE } from '../evidence/run-directory.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'] as const
const MACOS_PATHS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
] as const
const TIME_LIMIT_MS = 180_000

/** No browser, or printing failed; `message` says what to do. */
export class PrintError extends Error {
  override readonly name = 'PrintError'
}

/**
 * Finds Chromium on this machine: the one in `CHROME_PATH`, or one on the `PATH`.
 *
 * @throws {PrintError} if there is none.
 */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string {
  const configured = env.CHROME_PATH
  if (configured !== undefined && configured !== '') {
    if (isExecutable(configured)) return configured
    throw new PrintError(`CHROME_PATH is "${configured}", which is not an executable file`)
  }
  const directories = (env.PATH ?? '').split(path.delimiter).filter((directory) => directory !== '')
  const found = [
    ...directories.flatMap((directory) => NAMES.map((name) => path.join(directory, name))),
    ...MACOS_PATHS,
  ].find(isExecutable)
  if (found !== undefined) return found
  throw new PrintError(
    'cannot find Chromium, which is needed to print a PDF: install it (on Debian: apt-get install chromium), ' +
      'set CHROME_PATH, or print report.html from any browser',
  )
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/**
 * Runs a headless browser with a temporary profile, and returns its output.
 *
 * @throws {PrintError} if it fails; the message has its last line.
 */
export async function runBrowser(browser: string, args: readonly string[]): Promise<string> {
  const profile = mkdtempSync(path.join(tmpdir(), 'labbook-print-'))
  try {
    const { stdout } = await promisify(execFile)(
      browser,
      [
        '--headless',
        '--disable-gpu',
        '--no-first-run',
        '--disable-extensions',
        '--disable-crash-reporter',
        `--user-data-dir=${profile}`,
        // Chromium refuses to run as root with its sandbox.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        ...args,
      ],
      { timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 },
    )
    return stdout
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    const lastLine = stderr.trim().split('\n').at(-1) ?? ''
    throw new PrintError(lastLine === '' ? message : lastLine, { cause: error })
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

/**
 * Prints a page to PDF. It has no scripts and loads nothing.
 *
 * @throws {PrintError} if the browser fails.
 */
export async function printPdf(browser: string, page: string, pdf: string): Promise<void> {
  const partial = `${pdf}.part`
  try {
    await runBrowser(browser, [
      '--no-pdf-header-footer',
      // Bookmarks of the headings. Older versions ignore it.
      '--generate-pdf-document-outline',
      `--print-to-pdf=${partial}`,
      pathToFileURL(page).href,
    ])
    chmodSync(partial, PRIVATE_FILE)
    renameSync(partial, pdf)
  } catch (error) {
    throw new PrintError(`"${browser}" failed to print "${page}": ${(error as Error).message}`, { cause: error })
  } finally {
    rmSync(partial, { force: true })
  }
}
