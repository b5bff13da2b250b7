import { execFile } from 'node:child_process'
import { accessSync, constants, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'] as const
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
] as const
const TIME_LIMIT_MS = 180_000

/** There is no browser to print with, or it did not print; `message` says how to mend it. */
export class PrintError extends Error {
  override readonly name = 'PrintError'
}

/**
 * Finds a Chromium on this machine: what `CHROME_PATH` names, or one on the `PATH`.
 *
 * @throws {PrintError} where there is none.
 */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string {
  const named = env.CHROME_PATH
  if (named !== undefined && named !== '') {
    if (canRun(named)) return named
    throw new PrintError(`CHROME_PATH is ${named}, which is no program that can be run`)
  }
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '')
  const found = [...folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name))), ...PLACES].find(canRun)
  if (found !== undefined) return found
  throw new PrintError(
    'a PDF is printed with Chromium, and there is none here: install it (on Debian: apt-get install chromium), ' +
      'name one in CHROME_PATH, or open report.html in any browser and print it from there',
  )
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/**
 * Prints a page to PDF, with a profile of its own that is removed afterwards.
 *
 * @throws {PrintError} when the browser ends without a PDF.
 */
export async function printPdf(browser: string, page: string, pdf: string): Promise<void> {
  const profile = mkdtempSync(path.join(tmpdir(), 'labbook-print-'))
  const aside = `${pdf}.part`
  try {
    await promisify(execFile)(
      browser,
      [
        '--headless',
        '--disable-gpu',
        '--no-first-run',
        '--disable-extensions',
        '--disable-crash-reporter',
        `--user-data-dir=${profile}`,
        // The browser refuses to run as root with its sandbox on; the page has no scripts and loads nothing.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--no-pdf-header-footer',
        `--print-to-pdf=${aside}`,
        pathToFileURL(page).href,
      ],
      { timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 },
    )
    renameSync(aside, pdf)
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string }
    const last = stderr.trim().split('\n').at(-1) ?? ''
    throw new PrintError(`${browser} did not print ${page}: ${last === '' ? message : last}`, { cause: error })
  } finally {
    rmSync(aside, { force: true })
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}
