import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findBrowser, PrintError, runBrowser } from './pdf.ts'

/** Size of the window, in pixels. */
const WINDOW = '900,480'

/** A page as a browser draws it. */
export interface DrawnPage {
  /** A PNG in Base64. */
  readonly image: string
  /** After its scripts ran. */
  readonly html: string
}

/**
 * A page as a headless Chromium of this machine draws it. Proxies are not used.
 *
 * @returns undefined without a Chromium.
 * @throws {PrintError} the browser fails.
 */
export async function screenshot(url: string, env: NodeJS.ProcessEnv = process.env): Promise<DrawnPage | undefined> {
  let browser: string
  try {
    browser = findBrowser(env)
  } catch (error) {
    if (error instanceof PrintError) return undefined
    throw error
  }
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-page-'))
  try {
    const file = path.join(directory, 'page.png')
    // The page counts and draws with scripts, which get some seconds of virtual time.
    const page = ['--no-proxy-server', `--window-size=${WINDOW}`, '--virtual-time-budget=5000', url]
    await runBrowser(browser, [`--screenshot=${file}`, ...page])
    const html = await runBrowser(browser, ['--dump-dom', ...page])
    return { image: readFileSync(file).toString('base64'), html }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export { PrintError }
