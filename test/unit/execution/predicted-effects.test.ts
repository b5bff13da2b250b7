import t from 'tap'
import { affects, PredictedEffects, mergeKeys } from '../../../src/execution/predicted-effects.ts'

t.test('a modified path affects itself, everything below, and readers of a tree above', async (t) => {
  const rows: [set: string, read: string, touched: boolean][] = [
    ['/etc/hosts', '/etc/hosts', true],
    ['/etc/hosts', '/etc/hostname', false],
    ['/etc/ssh', '/etc/ssh/sshd_config', true],
    ['/etc/ssh/sshd_config', '/etc/ssh', false],
    ['/etc/ssh/sshd_config', '/etc/ssh/', true],
    ['/etc/ssh', '/etc/ssh/', true],
    ['/etc/ssh/', '/etc/ssh', true],
    ['/etc/ssh/', '/etc/ssh/sshd_config', true],
    ['/etc/ssh.d/x', '/etc/ssh/', false],
    ['/', '/etc/hosts', true],
    ['/etc/hosts', '/', true],
    ['/etc/ssh/.', '/etc/ssh', false],
    ['user:alice', 'user:alice', true],
    ['user:alice', 'user:alicia', false],
    ['user:/', '/home', false],
    ['/home', 'user:/home/x', false],
  ]
  for (const [set, read, touched] of rows) t.equal(affects([set], [read]), touched, `${set} set, ${read} read`)
})

t.test('undefined keys affect everything except an empty list', async (t) => {
  t.ok(affects(undefined, ['/a']))
  t.ok(affects(['/a'], undefined))
  t.ok(affects(undefined, undefined))
  t.notOk(affects(undefined, []))
  t.notOk(affects([], undefined))
  t.ok(affects(['/x', '/a'], ['/b', '/a']), 'one of many is enough')
  t.same(mergeKeys([['/a', '/b'], ['/a']]), ['/a', '/b'])
  t.equal(mergeKeys([['/a'], undefined]), undefined)
})

t.test('the prerequisite is the last predictable task that modifies what is read', async (t) => {
  const effects = new PredictedEffects()
  t.equal(effects.prerequisite('a', undefined), undefined)
  effects.add('a', 'first', ['/x'], true)
  effects.add('a', 'second', ['/x'], true)
  effects.add('a', 'other', ['/y'], true)
  effects.add('a', 'dark', undefined, false)
  effects.add('b', 'elsewhere', undefined, true)
  t.equal(effects.prerequisite('a', ['/x']), 'second')
  t.equal(effects.prerequisite('a', ['/z']), 'dark', 'an unknown task may set it, too')
  t.equal(effects.prerequisite('a', []), undefined)
  t.equal(effects.latestTask(), 'elsewhere')
})
