import { compareVersions, parseVersion, type K3sVersion } from '../../src/k3s/version.ts'
import { runPlaybook } from '../support/playbook.ts'
import {
  artifacts,
  changed,
  count,
  countOf,
  failures,
  findings,
  folderOr,
  namesOf,
  NODES,
  ofNodes,
  oneAtATime,
  part,
  place,
  READY,
  succeeds,
  touched,
  vars,
  WELL,
} from './support.ts'

/* From one version to the next (LABBOOK_K3S_ARTIFACTS_NEWER, at most one minor version newer), and not back. */

const older = vars({ k3s_artifacts: artifacts() })
const newer = vars({ k3s_artifacts: folderOr('no newer k3s artifacts', 'LABBOOK_K3S_ARTIFACTS_NEWER') })
const here = await place()
const k3s = (word: string, ...more: string[]) => runPlaybook('playbooks/k3s.mjs', [word, ...here.inventory(), ...more])

/** The one version that all nodes have. */
function versionOfAll(): K3sVersion {
  const versions = ofNodes('{.status.nodeInfo.kubeletVersion}')
  const parsed = parseVersion(versions.node1 ?? '')
  if (parsed === undefined || NODES.some((node) => versions[node] !== parsed.text))
    throw new Error(`not one version: ${JSON.stringify(versions)}`)
  return parsed
}

let before: K3sVersion
let after: K3sVersion
let counted = 0

await part('a cluster of the older version', async (t) => {
  await succeeds(t, k3s('up', ...older))
  t.match(findings(), WELL)
  before = versionOfAll()
  counted = await count(t, 20)
})

await part('is upgraded, servers first and one node after the other, and keeps its data', async (t) => {
  await succeeds(t, k3s('up', ...newer))
  t.strictSame(touched(), NODES)
  t.ok(oneAtATime(), 'each was Ready before the next was touched')
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
  t.match(findings(), WELL)
  // The proof has counted, too.
  t.ok(((await countOf()) ?? 0) >= counted, 'the count goes on from where it was')
  counted = await count(t, 20)
})

await part('a second time nothing is to be done', async (t) => {
  await succeeds(t, k3s('up', ...newer))
  t.strictSame(namesOf(changed()), [])
})

await part('back it does not go', async (t) => {
  const starts = ofNodes(READY)
  const { exitCode } = await k3s('up', ...older)
  t.equal(exitCode, 2)
  t.match(
    failures().join('\n'),
    `cannot downgrade k3s ${after.text} to ${before.text}: Kubernetes does not support downgrades`,
  )
  t.strictSame(touched(), [], 'nothing was installed or started anew')
  t.notMatch(namesOf(changed()).join('\n'), /Configure k3s/, 'nor configured otherwise')
  t.equal(versionOfAll().text, after.text)
  t.strictSame(ofNodes(READY), starts)
  await succeeds(t, k3s('up', ...newer))
  t.strictSame(touched(), [], 'what the refused run has brought starts nothing anew')
  t.match(findings(), WELL)
  await here.gone(t)
})
