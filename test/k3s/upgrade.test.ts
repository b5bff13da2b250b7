import { compareVersions, parseVersion, type K3sVersion } from '../../src/modules/k3s/version.ts'
import { runPlaybook } from '../support/playbook.ts'
import { changed, failures, findings, taskNames, part, assertSucceeds, vars } from './results.ts'
import {
  artifacts,
  incrementBy,
  readCount,
  directoryFrom,
  NODES,
  nodeFields,
  oneAtATime,
  createTestLab,
  READY,
  restartedHosts,
  HEALTHY,
} from './support.ts'

/* Upgrade to the next version (LABBOOK_K3S_ARTIFACTS_NEWER, at most one minor version newer), and refused downgrade. */

const older = vars({ k3s_artifacts: artifacts() })
const newer = vars({ k3s_artifacts: directoryFrom('no newer k3s artifacts', 'LABBOOK_K3S_ARTIFACTS_NEWER') })
const here = await createTestLab()
const k3s = (subcommand: string, ...more: string[]) =>
  runPlaybook('playbooks/k3s.mjs', [subcommand, ...here.inventory(), ...more])

/** The version of all nodes. */
function versionOfAll(): K3sVersion {
  const versions = nodeFields('{.status.nodeInfo.kubeletVersion}')
  const parsed = parseVersion(versions.node1 ?? '')
  if (parsed === undefined || NODES.some((node) => versions[node] !== parsed.text))
    throw new Error(`not one version: ${JSON.stringify(versions)}`)
  return parsed
}

let before: K3sVersion
let after: K3sVersion
let counted = 0

const OLDER = 'up installs a cluster of the older version'
const UPGRADE = 'up upgrades one node at a time, servers first, and keeps the data'

await part(OLDER, async (t) => {
  await assertSucceeds(t, k3s('up', ...older))
  t.match(findings(), HEALTHY)
  before = versionOfAll()
  counted = await incrementBy(t, 20)
})

await part(
  UPGRADE,
  async (t) => {
    await assertSucceeds(t, k3s('up', ...newer))
    t.strictSame(restartedHosts(), NODES)
    t.ok(oneAtATime(), 'each node is Ready before the next one restarts')
    after = versionOfAll()
    t.equal(
      compareVersions(before, after),
      -1,
      `from ${before.text} to ${after.text}: LABBOOK_K3S_ARTIFACTS_NEWER must have the newer one`,
    )
    const why = changed()
      .filter(({ module }) => module === 'k3s')
      .map(({ changes }) => changes[0]?.description ?? '')
    t.ok(
      why.every(
        (line) => line.startsWith(`install k3s ${after.text} as `) && line.includes(`: ${before.text} is installed`),
      ),
      why.join('; '),
    )
    t.match(findings(), HEALTHY)
    // The check of the app increments, too.
    t.ok(((await readCount()) ?? 0) >= counted, 'the app keeps the count')
    counted = await incrementBy(t, 20)
  },
  [OLDER],
)

await part(
  'a second run after the upgrade changes nothing',
  async (t) => {
    await assertSucceeds(t, k3s('up', ...newer))
    t.strictSame(taskNames(changed()), [])
  },
  [UPGRADE],
)

await part(
  'a downgrade is refused and changes nothing',
  async (t) => {
    const starts = nodeFields(READY)
    const { exitCode } = await k3s('up', ...older)
    t.equal(exitCode, 2)
    t.match(
      failures().join('\n'),
      `cannot downgrade k3s ${after.text} to ${before.text}: Kubernetes does not support downgrades`,
    )
    t.strictSame(restartedHosts(), [], 'the refused run installs and restarts nothing')
    t.notMatch(taskNames(changed()).join('\n'), /Configure k3s/, 'the refused run changes no configuration')
    t.equal(versionOfAll().text, after.text)
    t.strictSame(nodeFields(READY), starts)
    await assertSucceeds(t, k3s('up', ...newer))
    t.strictSame(restartedHosts(), [], 'files of the refused run restart nothing')
    t.match(findings(), HEALTHY)
    await here.remove(t)
  },
  [UPGRADE],
)
