import { appendFileSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { clusterPlan, k3sUp, reset } from '../../playbooks/k3s/install/index.ts'
import { labDown, labUp } from '../../playbooks/lab/lab.ts'
import { credentials } from '../../playbooks/registry/credentials.ts'
import { story } from '../support/story.ts'
import { changes, failures, on, runSteps, k3sStub, type InstallRun } from './k3s-lab.ts'

/*
 * The installation on real nodes with systemd and sshd, with a stub of k3s that accepts the same arguments and reads
 * the same files. With LABBOOK_K3S_ARTIFACTS, test/k3s runs the real k3s.
 */

const INSTALL = [credentials, clusterPlan, ...k3sUp]
const [OLD, NEW] = ['v1.35.2+k3s1', 'v1.36.4+k3s1']
const NODES = ['node1', 'node2']

const step = story(t)
const LAB = 'the lab of two nodes starts'
const INSTALLED = 'k3s is installed and joined, and its token is never exposed'

await runSteps(labDown)
const [older, newer] = [k3sStub(OLD), k3sStub(NEW)]
t.teardown(async () => {
  older.remove()
  newer.remove()
  await runSteps(labDown)
})
const install = (artifacts: string, vars = ''): Promise<InstallRun> =>
  runSteps(INSTALL, { extraVars: { k3s_artifacts: artifacts }, vars })
const succeeded = (t: Test, installed: InstallRun): void => {
  t.strictSame({ exitCode: installed.exitCode, failures: failures(installed) }, { exitCode: 0, failures: [] })
}
const starts = (node: string): number => Number(on(node, 'wc -l </var/tmp/k3s-starts'))
const startsAndInstalls = (): number[][] => NODES.map((node) => [starts(node), installs(node)])
const CONTAINERD = '/var/lib/rancher/k3s/agent/etc/containerd'
/** Whether this machine lacks CAP_SYS_RESOURCE: then the older version starts twice, to import the drop-ins. */
const needsDropIns = (): boolean => on('node1', `ls ${CONTAINERD}/config-v3.toml.d/labbook.toml || :`) !== ''
const installs = (node: string): number => Number(on(node, 'wc -l </var/tmp/k3s-installs'))

await step(LAB, async (t) => {
  succeeded(t, await runSteps(labUp))
})

await step(
  'check mode predicts the first installation',
  async (t) => {
    const predicted = await runSteps(INSTALL, { extraVars: { k3s_artifacts: older.folder }, check: true })
    t.strictSame(failures(predicted), [])
    for (const node of NODES) t.equal(on(node, 'ls -d /var/lib/labbook/k3s 2>/dev/null || :'), '')
    t.equal(changes(predicted).filter((line) => / upload .* to node\d:/.test(line)).length, 6)
    t.match(
      predicted.results.find(({ task, host }) => task === 'Install k3s server' && host === 'node1'),
      { status: 'unknown', message: /depends on/ },
    )
  },
  [LAB],
)

await step(
  'artifacts that are missing or damaged are refused before anything is written or removed',
  async (t) => {
    const damaged = k3sStub(OLD)
    t.teardown(() => {
      damaged.remove()
    })
    appendFileSync(path.join(damaged.folder, 'extra-images.tar'), 'damaged')
    for (const [folder, why] of [
      ['/nonexistent/artifacts', /k3s_artifacts: cannot read directory \/nonexistent\/artifacts .*docs\/k3s.md/],
      [damaged.folder, /^node[12]: .*checksum.*extra-images\.tar/],
    ] as const) {
      const installed = await install(folder)
      t.equal(installed.exitCode, 2)
      t.match(failures(installed)[0], why)
      t.notOk(
        installed.results.some(({ play }) => play === 'Remove Counter app from Swarm'),
        'the Swarm is not touched',
      )
      for (const node of NODES)
        t.equal(on(node, 'ls -d /var/lib/labbook/k3s /etc/rancher 2>/dev/null || :'), '', `${node}: nothing is written`)
    }
  },
  [LAB],
)

await step(
  INSTALLED,
  async (t) => {
    const installed = await install(older.folder)
    succeeded(t, installed)
    t.strictSame(startsAndInstalls(), Array(2).fill([needsDropIns() ? 2 : 1, 1]))
    t.equal(
      on('node1', 'sha256sum </var/lib/rancher/k3s/agent/images/extra-images.tar'),
      on('node2', 'sha256sum </var/lib/rancher/k3s/agent/images/extra-images.tar'),
    )
    for (const node of NODES) {
      t.equal(
        on(node, 'stat -c "%a %U" /etc/rancher/k3s/registries.yaml'),
        '600 root',
        `${node}: registries.yaml is private`,
      )
      t.match(
        on(node, 'cat /etc/rancher/k3s/registries.yaml'),
        /"10\.88\.0\.11:5000":\n {4}auth:\n {6}username: "labbook"\n {6}password: "\S{8,}"/,
        `${node}: registries.yaml has the credentials of the registry`,
      )
      t.match(
        on(
          node,
          'openssl x509 -noout -subject -in /etc/rancher/k3s/registry-ca.crt || grep -c CERTIFICATE /etc/rancher/k3s/registry-ca.crt',
        ),
        /Labbook CA|2/,
        `${node} has the CA of the registry`,
      )
      t.ok(on(node, '[ -e /dev/kmsg ] && echo there'), `${node} has /dev/kmsg for the kubelet`)
    }
    t.match(
      installed.results.filter(({ task }) => task === 'Show machine-specific k3s settings').map(({ msg }) => msg),
      Array(2).fill(needsDropIns() ? /CAP_SYS_RESOURCE is missing/ : String),
      'the preflight checks show what they decided',
    )
    const token = on('node1', 'cat /etc/rancher/k3s/token')
    t.match(token, /^[0-9a-f]{64}$/)
    t.equal(
      on('node2', 'cat /etc/rancher/k3s/token'),
      on('node1', 'cat /var/lib/rancher/k3s/server/token'),
      'the agent joins with the token that contains the checksum of the CA',
    )
    for (const node of NODES) {
      t.equal(on(node, 'stat -c "%a %U" /etc/rancher/k3s/token'), '600 root', `${node}: the token is private`)
      // From a file: grep would find its own arguments.
      on(node, `umask 077; sed 's/.*://' /etc/rancher/k3s/token >/var/tmp/k3s-pattern`)
      t.equal(
        on(
          node,
          'grep -rlf /var/tmp/k3s-pattern /etc /run /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -v /etc/rancher/k3s/token || :',
        ),
        '',
        `${node}: no other file and no process contains the token`,
      )
    }
    const shown = JSON.stringify(
      installed.events.map((event) =>
        event.type === 'result' && !/^(Create cluster|Copy cluster|Copy join) token$/.test(event.task)
          ? { ...event, commands: [] }
          : event.type,
      ),
    )
    t.notMatch(shown, new RegExp(token))
  },
  [LAB],
)

await step(
  'the controller gets a kubeconfig',
  async (t) => {
    const file = '/var/lib/labbook/lbk3s/k3s/kubeconfig.yaml'
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.match(readFileSync(file, 'utf8'), /server: https:\/\/10\.88\.0\.11:6443\n[^]*current-context: lbk3s/)
  },
  [INSTALLED],
)

await step(
  'containerd imports its drop-ins, whether or not the version of k3s does so itself',
  async (t) => {
    if (!needsDropIns()) {
      t.comment('this machine has CAP_SYS_RESOURCE: its containerd needs no drop-in')
      return
    }
    for (const node of NODES)
      t.equal(on(node, `grep -c '^imports' ${CONTAINERD}/config.toml`), '1', `${node} imports the drop-ins`)
  },
  [INSTALLED],
)

await step(
  'a second installation changes nothing',
  async (t) => {
    const installed = await install(older.folder)
    succeeded(t, installed)
    t.strictSame(changes(installed), [])
    t.strictSame(startsAndInstalls(), Array(2).fill([needsDropIns() ? 2 : 1, 1]))
  },
  [INSTALLED],
)

await step(
  'a configuration change restarts one node after the other, without an installation',
  async (t) => {
    const installed = await install(older.folder, '    k3s_config: {debug: true}')
    succeeded(t, installed)
    t.match(
      changes(installed),
      NODES.flatMap((node) => [
        `${node}: update /etc/rancher/k3s/config.yaml`,
        new RegExp(`^${node}: restart k3s.* Ready: /etc/rancher/k3s/config.yaml has changed$`),
      ]),
    )
    t.strictSame(startsAndInstalls(), Array(2).fill([needsDropIns() ? 3 : 2, 1]))
  },
  [INSTALLED],
)

await step(
  'a label change restarts nothing',
  async (t) => {
    const vars = '    k3s_config: {debug: true}\n    k3s_labels: {zone: a}'
    const installed = await install(older.folder, vars)
    succeeded(t, installed)
    t.match(
      changes(installed).filter((line) => line.includes('label node')),
      ['node1: label node1: zone=a', 'node1: label node2: zone=a'],
    )
    t.notOk(changes(installed).some((line) => /restart|install/.test(line)))
    t.strictSame(changes(await install(older.folder, vars)), [])
    t.match(changes(await install(older.folder, '    k3s_config: {debug: true}')), [
      /registration/,
      /registration/,
      'node1: remove label zone from node1',
      /record the labels/,
      'node1: remove label zone from node2',
      /record the labels/,
    ])
  },
  [INSTALLED],
)

await step(
  'a modified systemd unit is restored',
  async (t) => {
    on('node2', 'echo "# mine" >>/etc/systemd/system/k3s-agent.service')
    const installed = await install(older.folder, '    k3s_config: {debug: true}')
    succeeded(t, installed)
    t.match(changes(installed), [
      /^node2: install k3s v1\.35\.2\+k3s1 as agent: its unit was modified$/,
      /^node2: start k3s-agent and wait/,
    ])
    t.notMatch(on('node2', 'cat /etc/systemd/system/k3s-agent.service'), /mine/)
  },
  [INSTALLED],
)

await step(
  'an upgrade starts with the server; a downgrade is refused',
  async (t) => {
    const up = await install(newer.folder, '    k3s_config: {debug: true}')
    succeeded(t, up)
    t.match(
      changes(up).filter((line) => line.includes(': install')),
      [/^node1: install k3s v1\.36\.4\+k3s1 as server: v1\.35\.2\+k3s1 is installed/, /^node2: install/],
    )
    if (needsDropIns())
      for (const node of NODES)
        t.strictSame(
          [
            on(node, `ls ${CONTAINERD}/config-v3.toml.tmpl || :`),
            on(node, `grep -c '^imports' ${CONTAINERD}/config.toml`),
          ],
          ['', '1'],
          `${node}: the newer version imports the drop-ins itself`,
        )
    const back = await install(older.folder, '    k3s_config: {debug: true}')
    t.equal(back.exitCode, 2)
    // Either host may be first: then the play ends.
    const refusals = failures(back)
    t.not(refusals.length, 0)
    for (const refusal of refusals)
      t.match(refusal, /^node[12]: Check k3s upgrade path: cannot downgrade k3s v1\.36\.4\+k3s1 to v1\.35\.2\+k3s1/)
    t.notOk(
      changes(back).some((line) => line.includes('/etc/rancher/k3s/')),
      'a refused version changes no configuration',
    )
    succeeded(t, await install(newer.folder, '    k3s_config: {debug: true}'))
  },
  [INSTALLED],
)

await step(
  'another k3s_token is refused before the server restarts, and a damaged token file is restored',
  async (t) => {
    const before = starts('node1')
    const refused = await install(newer.folder, '    k3s_config: {debug: true}\n    k3s_token: another-token-0123')
    t.equal(refused.exitCode, 2)
    t.match(failures(refused), [/^node1: Check cluster token: .*k3s_token.*remove k3s_token.*reset/s])
    t.equal(starts('node1'), before, 'the refused token restarts nothing')
    on('node1', 'printf another >/etc/rancher/k3s/token')
    const restored = await install(newer.folder, '    k3s_config: {debug: true}')
    succeeded(t, restored)
    t.equal(
      on('node1', 'cat /etc/rancher/k3s/token'),
      on('node1', `sed 's/.*:://; s/^server://' /var/lib/rancher/k3s/server/token`),
      'the token of the cluster is restored',
    )
    const token = on('node1', 'cat /etc/rancher/k3s/token')
    t.strictSame(
      changes(await install(newer.folder, `    k3s_config: {debug: true}\n    k3s_token: '${token}'`)),
      [],
      'the token of the cluster is accepted',
    )
  },
  [INSTALLED],
)

await step(
  'a recreated node rejoins, although k3s deletes its password with the node',
  async (t) => {
    on('node1', 'cd /var/tmp/k3s-standin && touch node2.node node2.node-password.k3s')
    on('node2', 'rm /etc/rancher/node/password')
    const rejoined = await install(newer.folder, '    k3s_config: {debug: true}')
    succeeded(t, rejoined)
    t.match(changes(rejoined), [/delete node node2/, /node password of node2/])
    t.equal(on('node1', 'ls /var/tmp/k3s-standin | grep -c "^node2.node" || :'), '0')
  },
  [INSTALLED],
)

await step(
  'reset removes k3s and is idempotent',
  async (t) => {
    const installed = await runSteps(reset)
    succeeded(t, installed)
    for (const node of NODES) {
      t.equal(
        on(
          node,
          'ls -d /etc/rancher /var/lib/rancher/k3s /usr/local/bin/k3s* /usr/local/bin/kubectl /etc/systemd/system/k3s* /var/lib/labbook/k3s /etc/tmpfiles.d/labbook-k3s.conf /run/labbook-k3s.started 2>/dev/null || :',
        ),
        '',
        `${node}: reset removes all files of k3s`,
      )
      t.equal(on(node, 'pgrep -f k3s.standin || :'), '', `${node}: reset ends all processes of k3s`)
    }
    t.throws(() => statSync('/var/lib/labbook/lbk3s/k3s/kubeconfig.yaml'), { code: 'ENOENT' })
    t.strictSame(changes(await runSteps(reset)), [])
  },
  [LAB],
)
