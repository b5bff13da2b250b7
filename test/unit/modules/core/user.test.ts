import t from 'tap'
import type { Observed } from '../../../../src/modules/script-output.ts'
import { user } from '../../../../src/modules/core/user.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { descriptions } from '../each-shell.ts'

const seen = (...lines: string[]): Observed => ({ stdout: lines.join('\n'), stderr: '', exitCode: 0 })

const planUser = (params: Parameters<typeof user.definition.schema.parse>[0], observed: Observed) =>
  user.definition.plan(user.definition.schema.parse(params), observed, {}, {})

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
    "useradd -m -r -u 1005 -g ops -d /srv/bob -s /bin/bash -c 'Bob'\\''s' -p '!labbook' -G docker,sudo bob || exit",
  )
  t.equal(plan.changes[1]?.script, "printf '%s:%s\\n' bob '$6$salt$hash' | chpasswd -e || exit")
  t.equal(planUser({ name: 'bob', create_home: false }, seen(...groups)).changes[0]?.script, 'useradd -M bob || exit')
  t.equal(
    planUser({ name: 'docker' }, seen(...groups)).changes[0]?.script,
    'useradd -m -N docker || exit',
    'as in Ansible, a user with the name of an existing group gets the default group',
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
    const row = `user ann ${JSON.stringify(params)}`
    t.equal(plan.problem, undefined, `problem of ${row}`)
    t.same(
      plan.changes.map(({ description, script }) => [description, script]),
      changes,
      `changes of ${row}`,
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

for (const shell of shells) {
  t.test(`${shell.name}: the probe of user finds accounts and never prints a password`, async (t) => {
    const look = (params: object): Observed =>
      runIn(shell, user.definition.probe(user.definition.schema.parse(params), {}))
    const root = look({ name: 'root', password: '$6$salt$hash' })
    t.match(root.stdout, /^passwd root:[^\n]*\nhome-there\ngroups\n/)
    t.equal(root.stderr, '')
    t.same(planUser({ name: 'root', uid: 0, group: 'root', home: '/root' }, root).changes, [])
    t.match(look({ name: 'no.body' }).stdout, /^groups\n/)
  })
}
