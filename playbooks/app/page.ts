import { labExperiment, say } from '../messages/say.ts'
import { call, type Endpoint } from './client.ts'
import { endpoints } from './proof.ts'

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
      const image = await screenshot(url)
      if (image === undefined) {
        on.inconclusive(say('no Chromium on this machine: install it, or set CHROME_PATH'))
        return
      }
      const exhibit = on.record({
        title: 'Counter page',
        command: `chromium --headless --screenshot ${url}`,
        stdout: `GET ${url}api/counter: count ${count}`,
        durationMs: Date.now() - started,
        image,
      })
      on.finding('app.page.works', {
        holds: true,
        evidence: [exhibit],
        detail: say('Chromium drew {url} with count {count}', { url, count }),
      })
    } catch (error) {
      if (!(error instanceof PrintError)) throw error
      on.inconclusive(say('Chromium drew no page at {url}: {why}', { url, why: error.message }))
    }
  },
)
