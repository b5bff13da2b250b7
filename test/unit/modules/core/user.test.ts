import t from 'tap'
import type { Observed } from '../../../../src/modules/script-output.ts'
import { group } from '../../../../src/modules/core/group.ts'
import { user } from '../../../../src/modules/core/user.ts'
import { accountExists, entryOf } from '../../../../src/modules/support/accounts.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { descriptions } from '../each-shell.ts'

const seen = (...lines: string[]): Observed => ({ stdout: lines.join('\n'), stderr: '', exitCode: 0 })

const planGroup = (params: Parameters<typeof group.definition.schema.parse>[0], observed: Observed) =>
  group.definition.plan(group.definition.schema.parse(params), observed, {}, {})
const planUser = (params: Parameters<typeof user.definition.schema.parse>[0], observed: Observed) =>
  user.definition.plan(user.definition.schema.parse(params), observed, {}, {})

t.test('group creates, renumbers and removes groups', async (t) => {
  const there = 'name ops:x:1001:ann,bob'
  const cases: [
    params: { name: string; gid?: number; system?: boolean; state?: 'absent' },
    observed: Observed,
    change: string | undefined,
    script?: string,
  ][] = [
    [{ name: 'ops' }, seen(''), 'create group ops', 'groupadd ops || exit'],
    [
      { name: 'ops', gid: 1001, system: true },
      seen(''),
      'create group ops (gid 1001)',
      'groupadd -g 1001 -r ops || exit',
    ],
    [{ name: 'ops' }, seen(there), undefined],
    [{ name: 'ops', gid: 1001 }, seen(there, 'gid ops:x:1001:'), undefined],
    [
      { name: 'ops', gid: 1002 },
      seen(there),
      'change the gid of group ops to 1002 (was 1001)',
      'groupmod -g 1002 ops || exit',
    ],
    [{ name: 'ops', state: 'absent' }, seen(there), 'remove group ops', 'groupdel ops || exit'],
    [{ name: 'ops', state: 'absent' }, seen(''), undefined],
  ]
  for (const [params, observed, change, script] of cases) {
    const plan = planGroup(params, observed)
    t.same(descriptions(plan), change === undefined ? [] : [change])
    t.equal(plan.changes[0]?.script, script)
  }
  t.same(planGroup({ name: 'ops' }, seen(there)).values, { name: 'ops', gid: 1001 })
  t.equal(
    planGroup({ name: 'ops', gid: 4 }, seen(there, 'gid adm:x:4:syslog')).problem,
    'gid 4 is already used by group "adm"',
  )
  t.match(planGroup({ name: 'ops' }, seen('no-tools')).problem, 'groupadd, ... not found on this host')
})

const groups = ['groups', 'root:x:0:', 'sudo:x:27:ann', 'docker:x:998:', 'ann:x:1000:', 'ops:x:1001:ann']
const ann = ['passwd ann:x:1000:1000:Ann Example,,,:/home/ann:/bin/bash', 'home-there', ...groups]

t.test('user creates a user', async (t) => {
  const plan = planUser(
    {
      name: 'bob',
      uid: 1005,
      group: 'ops',
      groups: 'docker, sudo',
      shell: '/bin/bash',
      comment: "Bob's",
      password: '$6$salt$hash',
      home: '/srv/bob',
      system: true,
    },
    seen(...groups),
  )
  t.same(descriptions(plan), ['create user bob (uid 1005; group ops; groups docker, sudo)', 'set password of bob'])
  t.equal(
    plan.changes[0]?.script,
    "useradd -m -r -u 1005 -g ops -d /srv/bob -s /bin/bash -c 'Bob'\\''s' -G docker,sudo bob || exit",
  )
  t.equal(plan.changes[1]?.script, "printf '%s:%s\\n' bob '$6$salt$hash' | chpasswd -e || exit")
  t.equal(planUser({ name: 'bob', create_home: false }, seen(...groups)).changes[0]?.script, 'useradd -M bob || exit')
  t.equal(
    planUser({ name: 'docker' }, seen(...groups)).changes[0]?.script,
    'useradd -m -g docker docker || exit',
    'the group of that name is taken',
  )
})

t.test('user changes an existing user', async (t) => {
  const cases: [params: object, lines: string[], changes: [string, string][]][] = [
    [{}, ann, []],
    [{ uid: 1000, group: 'ann', home: '/home/ann', shell: '/bin/bash', comment: 'Ann Example,,,' }, ann, []],
    [{ group: 1000, groups: ['sudo', 'ops', 'ann'] }, ann, []],
    [{ groups: ['sudo'], append: true }, ann, []],
    [
      { groups: ['docker'], append: true },
      ann,
      [['change user ann: add to docker', 'usermod -a -G docker ann || exit']],
    ],
    [
      { groups: ['docker', 'sudo'] },
      ann,
      [['change user ann: add to docker, remove from ops', 'usermod -G sudo,docker ann || exit']],
    ],
    [{ groups: [] }, ann, [['change user ann: remove from sudo, ops', "usermod -G '' ann || exit"]]],
    [
      { uid: 7, group: 'docker', shell: '/bin/sh', comment: '' },
      ann,
      [
        [
          'change user ann: uid 7 (was 1000); group docker (was ann); comment empty (was Ann Example,,,); shell /bin/sh (was /bin/bash)',
          "usermod -u 7 -g docker -c '' -s /bin/sh ann || exit",
        ],
      ],
    ],
    [{ password: '!' }, ['password-same', ...ann], []],
    [{ password: '!', update_password: 'on_create' }, ann, []],
    [{ state: 'absent' }, ann, [['remove user ann', 'userdel ann || exit']]],
    [{ state: 'absent', remove: true }, ann, [['remove user ann and /home/ann', 'userdel -r ann || exit']]],
    [{ state: 'absent' }, groups, []],
  ]
  for (const [params, lines, changes] of cases) {
    const plan = planUser({ name: 'ann', ...params }, seen(...lines))
    t.equal(plan.problem, undefined)
    t.same(
      plan.changes.map(({ description, script }) => [description, script]),
      changes,
    )
  }
  t.same(planUser({ name: 'ann' }, seen(...ann)).values, {
    name: 'ann',
    uid: 1000,
    group: 1000,
    home: '/home/ann',
    shell: '/bin/bash',
    comment: 'Ann Example,,,',
  })
  t.same(descriptions(planUser({ name: 'ann', password: '$6$s$h' }, seen(...ann))), ['set password of ann'])
  const homeless = ann.filter((line) => line !== 'home-there')
  t.same(descriptions(planUser({ name: 'ann' }, seen(...homeless))), ['create home /home/ann of ann'])
  t.same(descriptions(planUser({ name: 'ann', create_home: false }, seen(...homeless))), [])
})

t.test('user reports impossible requests', async (t) => {
  t.equal(
    planUser({ name: 'ann', groups: ['wheel'] }, seen(...ann)).problem,
    'group "wheel" does not exist on this host',
  )
  t.equal(planUser({ name: 'bob', group: 77 }, seen(...groups)).problem, 'group "77" does not exist on this host')
  t.match(planUser({ name: 'bob' }, seen('no-tools', ...groups)).problem, 'useradd')
  const why = (params: object): string =>
    user.definition.schema
      .safeParse(params)
      .error?.issues.map(({ message }) => message)
      .join() ?? ''
  t.match(why({ name: 'ann', password: 'hunter2' }), 'must be a hash as printed by `openssl passwd -6`')
  t.match(why({ name: 'ann', password: new Secret('hunter2') }), 'must be a hash')
  t.match(why({ name: 'ann', append: true }), 'append requires groups')
  t.match(why({ name: '-r' }), 'invalid user or group name')
})

t.test('account probes run in each shell and never print a password', async (t) => {
  for (const shell of shells) {
    const look = (params: object): Observed =>
      runIn(shell, user.definition.probe(user.definition.schema.parse(params), {}))
    const root = look({ name: 'root', password: '$6$salt$hash' })
    t.match(root.stdout, /^passwd root:[^\n]*\nhome-there\ngroups\n/, shell.name)
    t.equal(root.stderr, '')
    t.same(planUser({ name: 'root', uid: 0, group: 'root', home: '/root' }, root).changes, [])
    t.match(look({ name: 'no.body' }).stdout, /^groups\n/)
    const groupProbe = runIn(
      shell,
      group.definition.probe(group.definition.schema.parse({ name: 'daemon', gid: 0 }), {}),
    )
    t.match(groupProbe.stdout, /^name daemon:[^\n]*\ngid root:/)
  }
})

t.test('accounts are found without getent', async (t) => {
  for (const shell of shells) {
    const bare = (script: string) => runIn(shell, `command() { return 1; }\n${script}`)
    t.match(bare(entryOf('passwd', 'root')).stdout, /^root:[^\n]*\n$/, shell.name)
    t.match(bare(entryOf('group', '0')).stdout, /^root:[^\n]*\n$/)
    t.equal(bare(accountExists('passwd', 'r..t')).exitCode, 1, 'a dot is a dot')
    t.equal(bare(accountExists('group', 'root')).exitCode, 0)
  }
})
