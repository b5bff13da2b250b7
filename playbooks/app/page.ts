import { labExperiment, say, hostText } from '../messages/say.ts'
import { call } from './client.ts'
import type { Endpoint } from '../shared/http-request.ts'
import { endpoints } from './proof.ts'

/** The count in the HTML of the page; undefined without one. */
export const shownCount = (html: string): number | undefined => {
  const count = /id="count"[^>]*>\s*(-?\d+)\s*</.exec(html)?.[1]
  return count === undefined ? undefined : Number(count)
}

/** Shows the page of the app as a browser draws it. */
export const page = labExperiment(
  'Show the Counter page',
  {
    hosts: 'swarm_managers[0]',
    tags: ['experiments', 'page', 'proof'],
    disturbs: false,
    assertions: { 'app.page.works': 'The Counter page shows the count in a browser' },
  },
  async (on) => {
    const [target] = endpoints(on)
    const { host, port } = target as Endpoint
    const url = `http://${host}:${port}/`
    const { PrintError, screenshot } = await import('labbook/browser')
    const started = Date.now()
    const { count } = await call(target as Endpoint, 'GET', '/api/counter')
    try {
      const drawn = await screenshot(url)
      if (drawn === undefined) {
        on.inconclusive(say('no Chromium on this machine: install it, or set CHROME_PATH'))
        return
      }
      const exhibit = on.record({
        title: 'Counter page',
        command: hostText(`chromium --headless --screenshot ${url}`),
        stdout: say('GET {url}: count {count}', { url: `${url}api/counter`, count }),
        durationMs: Date.now() - started,
        image: drawn.image,
      })
      // Chromium draws a page for its errors as well, and the app's page has a dash without Redis.
      const shown = shownCount(drawn.html)
      on.finding('app.page.works', {
        holds: shown !== undefined,
        evidence: [exhibit],
        detail:
          shown === undefined
            ? say('Chromium drew {url} without a count', { url })
            : say('Chromium drew {url} with count {count}', { url, count: shown }),
      })
    } catch (error) {
      if (!(error instanceof PrintError)) throw error
      on.inconclusive(say('Chromium drew no page at {url}: {why}', { url, why: error.message }))
    }
  },
)
