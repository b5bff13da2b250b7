import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findBrowser, PrintError, runBrowser } from './pdf.ts'

/** Size of the window, in pixels. */
const WINDOW = '900,480'

/**
 * A page as a headless Chromium of this machine draws it: a PNG in Base64.
 *
 * @returns undefined without a Chromium.
 * @throws {PrintError} the browser fails.
 */
export async function screenshot(url: string, env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
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
    await runBrowser(browser, [`--screenshot=${file}`, `--window-size=${WINDOW}`, '--virtual-time-budget=5000', url])
    return readFileSync(file).toString('base64')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export { PrintError }
