import { createHash } from 'node:crypto'
import t from 'tap'
import { clusterPlan, k3sUp } from '../../../../../playbooks/k3s/install/index.ts'
import { checksumScript, preflight } from '../../../../../playbooks/k3s/install/preflight.ts'
import { DEFAULT_VERSION } from '../../../../../playbooks/k3s/install/source.ts'
import { flattenTasks, type PlayContext } from '../../../../../src/playbook/play.ts'
import type { Reference, Scope } from '../../../../../src/values/reference.ts'
import { runIn, shells } from '../../../../support/shells.ts'

t.test('nothing that runs is removed before its successor is checked', async (t) => {
  const names = k3sUp.map(({ name }) => name)
  const removal = names.indexOf('Remove Counter app from Swarm')
  for (const name of ['Run k3s preflight checks', 'Install k3s files', 'Check existing cluster'])
    t.ok(names.indexOf(name) !== -1 && names.indexOf(name) < removal, `"${name}" is before the removal`)
  t.ok(names.indexOf('Install first k3s server') > removal)
})

/** Facts of a node that meets all requirements. */
const GOOD = 'capabilities 1ffffffffff\ncgroup2 cpu cpuset memory pids\ninotify 128 9\n'

const context = (vars: object, hosts: Record<string, object> = { a: {} }): PlayContext =>
  ({
    host: Object.keys(hosts)[0],
    vars,
    facts: { architecture: 'x86_64' },
    groups: { k3s_servers: Object.keys(hosts) },
    hostvars: (host: string) => hosts[host] ?? {},
    check: false,
  }) as unknown as PlayContext

t.test('variables of later plays are checked by the first one', async (t) => {
  const planned = (vars: object, host: object = {}) => clusterPlan.tasks(context(vars, { a: host }))
  t.equal(flattenTasks(planned({})).length, 1)
  t.throws(() => planned({ counter_min_replicas: 9, counter_max_replicas: 2 }), {
    message: /counter_min_replicas is 9/,
  })
  t.throws(() => planned({}, { k3s_config: { token: 'x' } }), { message: /"token" is set by k3s_token/ })
})

t.test('the preflight checks verify the artifacts first, and note missing images', async (t) => {
  const titles = (vars: object): (string | undefined)[] =>
    flattenTasks(preflight.tasks(context(vars))).map(({ title }) => title)
  t.strictSame(titles({ k3s_artifacts: '/nonexistent' }), ['Check k3s source'])
  const sums = ['k3s', 'install.sh', 'images.tar'].map((name) => `${'a'.repeat(64)}  ${name}\n`).join('')
  const dir = t.testdir({ k3s: '', 'install.sh': '', 'checksums.txt': sums })
  t.match(titles({ k3s_artifacts: dir }), ['Verify checksums of k3s artifacts', 'Note missing images'])
  const full = t.testdir({ k3s: '', 'install.sh': '', 'images.tar': '', 'checksums.txt': sums })
  t.notOk(titles({ k3s_artifacts: full }).includes('Note missing images'))
})

t.test('the nodes of a lab share the inotify instances of this machine', async (t) => {
  const verdict = (vars: object): unknown => {
    const tasks = flattenTasks(preflight.tasks(context({ k3s_version: DEFAULT_VERSION, ...vars })))
    const { that, fail_msg } = tasks.find(({ title }) => title === 'Verify machine facts')?.params as Record<
      string,
      Reference<unknown>
    >
    const scope: Scope = {
      host: 'a',
      has: () => true,
      get: (name) => ({ stdout: name === 'k3s_inotify' ? 'inotify 128 120\n' : GOOD }),
      whyMissing: () => ({ message: 'not looked at', pending: false }),
    }
    return that?.read(scope) === true ? true : fail_msg?.read(scope)
  }
  t.equal(verdict({}), true)
  t.match(
    verdict({ lab_provider: 'namespaces' }),
    /^k3s cannot run here: 120 of 128 inotify instances are in use, .* on the machine of the lab/,
  )
})

for (const shell of shells) {
  t.test(`${shell.name}: checksumScript() names the files whose checksum differs`, async (t) => {
    const dir = t.testdir({ 'a file': 'a', b: 'b', c: 'c' })
    const pinned = (name: string, text: string) => ({
      from: `${dir}/${name}`,
      name,
      sha256: createHash('sha256').update(text).digest('hex'),
    })
    const run = (...files: ReturnType<typeof pinned>[]) => runIn(shell, checksumScript(files))
    t.match(run(pinned('a file', 'a'), pinned('b', 'b')), { exitCode: 0, stderr: '' })
    const { exitCode, stderr } = run(pinned('a file', 'x'), pinned('b', 'b'), pinned('c', 'y'), pinned('d', 'd'))
    t.equal(exitCode, 1)
    t.equal(stderr, `${dir}/a file,${dir}/c,${dir}/d: checksum mismatch: the file is damaged, or another file\n`)
  })
}
