import { createHash } from 'node:crypto'
import t from 'tap'
import { checkCluster, clusterToken, tokenScript } from '../../../../../playbooks/k3s/install/existing-cluster.ts'
import { flattenTasks, type PlayContext } from '../../../../../src/playbook/play.ts'
import type { Reference, Scope } from '../../../../../src/values/reference.ts'
import { runIn, shells } from '../../../../support/shells.ts'

const sum = (secret: string): string => createHash('sha256').update(secret).digest('hex')
const CA = `K10${'7'.repeat(64)}::server:`

for (const shell of shells) {
  t.test(`${shell.name}: tokenScript() compares the secrets of two tokens`, async (t) => {
    const dir = t.testdir({ cluster: `${CA}top::secret:0\n`, file: 'top::secret:0', other: 'other\n' })
    const compare = (cluster: string, file: string): string =>
      runIn(shell, tokenScript(`${dir}/${cluster}`, `${dir}/${file}`)).stdout.trim()
    t.equal(compare('cluster', 'file'), `${sum('top::secret:0')} ${sum('top::secret:0')}`)
    t.equal(compare('cluster', 'other'), `${sum('top::secret:0')} ${sum('other')}`)
    t.equal(compare('missing', 'missing'), 'none none')
  })
}

const scopeOf = (stdout: string): Scope => ({
  host: 'a',
  has: () => true,
  get: () => ({ stdout }),
  whyMissing: () => ({ message: 'not read', pending: false }),
})
const contextOf = (vars: object): PlayContext =>
  ({
    host: 'a',
    vars,
    facts: {},
    groups: { k3s_servers: ['a'] },
    hostvars: () => ({}),
    check: false,
  }) as unknown as PlayContext

t.test('k3s_token must be the token of the existing cluster', async (t) => {
  const judged = (k3s_token: string, stdout: string): unknown => {
    const [task] = flattenTasks(checkCluster.tasks(contextOf({ k3s_token })))
    const { that, fail_msg } = task?.params as { that: Reference<boolean>; fail_msg: string }
    return that.read(scopeOf(stdout)) || fail_msg
  }
  t.equal(judged('secret', 'none none'), true, 'no cluster')
  t.equal(judged('secret', `${sum('secret')} ${sum('other')}`), true)
  t.equal(judged(`${CA}secret`, `${sum('secret')} none`), true, 'with the checksum of the CA')
  t.match(judged('another', `${sum('secret')} ${sum('secret')}`), /^k3s_token is not .* remove k3s_token.* reset /)
  t.strictSame(flattenTasks(checkCluster.tasks(contextOf({}))), [], 'no variable, nothing to compare')
})

t.test('without k3s_token, the token of the cluster is restored if the file has another', async (t) => {
  const tasks = flattenTasks(clusterToken(contextOf({})))
  const restores = (stdout: string): unknown => {
    const { when } = tasks.find(({ title }) => title === 'Restore cluster token')?.keywords ?? {}
    return typeof when === 'function' && when({ host: 'a', vars: {}, value: (ref) => ref.read(scopeOf(stdout)) })
  }
  t.equal(restores(`${sum('a')} ${sum('b')}`), true)
  t.equal(restores(`${sum('a')} none`), true)
  t.equal(restores(`${sum('a')} ${sum('a')}`), false)
  t.equal(restores(`none ${sum('b')}`), false, 'no cluster yet')
  t.equal(tasks.at(-1)?.params.creates, '/etc/rancher/k3s/token', 'a token is generated only without a file')
})
