import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { assertSucceeds, findings, part, vars } from './results.ts'
import { artifacts, createTestLab, kubectl } from './support.ts'

/* `k3s.mjs prove` on a shop: the defects of "report" are found, and none in "web" and "api". */

const ARTIFACTS = vars({ k3s_artifacts: artifacts() })
const here = await createTestLab()
const k3s = (subcommand: string, ...more: string[]) =>
  runPlaybook('playbooks/k3s.mjs', [subcommand, ...here.inventory(), ...more])

const UP = 'up installs k3s and deploys the app'

/** What is wrong with "report", and the change that is suggested. */
const DEFECTS: Readonly<Record<string, RegExp>> = {
  'prove.settings.memory-limit.report': /resources\.limits\.memory: 256Mi/,
  'prove.settings.readiness.report': /\[report\]\.readinessProbe/,
  'prove.hang.replaced.report': /\[report\]\.livenessProbe/,
  'prove.update.requests.report': /Deployment report: spec\.strategy/,
  'prove.update.stops.report': /terminationGracePeriodSeconds: 40/,
  'prove.broken-update.requests.report': /Deployment report: spec\.strategy/,
}

/** Of the workloads without tolerations: the default is 5 minutes, for each of two experiments. */
const TOLERATIONS = ['unreachable', 'not-ready'].map(
  (key) => `{key: node.kubernetes.io/${key}, operator: Exists, effect: NoExecute, tolerationSeconds: 10}`,
)

await part(UP, async (t) => {
  await assertSucceeds(t, k3s('up', ...ARTIFACTS))
})

await part(
  'planted defects are found with their changes, and healthy workloads have none',
  async (t) => {
    const image = kubectl(
      '--namespace',
      'counter',
      'get',
      'deployment',
      'counter',
      '-o',
      'jsonpath={.spec.template.spec.containers[0].image}',
    )
    const directory = path.join(here.directory, 'shop')
    mkdirSync(directory)
    const shop = readFileSync(path.join(import.meta.dirname, 'prove/shop.yaml'), 'utf8')
    writeFileSync(
      path.join(directory, 'shop.yaml'),
      shop
        .replaceAll(/image: IMAGE$/gm, `image: ${image}`)
        .replaceAll(
          /^( +)terminationGracePeriodSeconds: .*\n(?! +tolerations)/gm,
          (line, indent: string) => `${line}${indent}tolerations: [${TOLERATIONS.join(', ')}]\n`,
        ),
    )
    const { exitCode } = await k3s('prove', ...vars({ manifests: directory }))
    t.equal(exitCode, 2, 'findings that do not hold')
    const found = findings()
    const output = latestRun()
      .events.flatMap((event) => (event.type === 'notice' ? [event.message] : []))
      .join('\n')
    for (const [id, change] of Object.entries(DEFECTS)) {
      t.equal(found[id], false, id)
      t.match(output, change)
    }
    t.strictSame(
      latestRun()
        .summary()
        .findings.filter(({ id, holds }) => holds === false && /\.(?:web|api)$/.test(id))
        // All entry points are watched, and that of "report" may refuse a connection at any time.
        .filter(({ detail = '' }) => !detail.endsWith('at 8086/report'))
        .map(({ id, detail }) => `${id}: ${detail ?? ''}`),
      [],
      'no finding about web and api fails',
    )
  },
  [UP],
)

await part('the lab is removed', async (t) => {
  await here.remove(t)
})
