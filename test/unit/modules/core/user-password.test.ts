import t from 'tap'
import { user } from '../../../../src/modules/core/user.ts'

type Given = Parameters<typeof user.definition.schema.parse>[0]

/** Scripts of the changes of an existing user, given what the probe printed. */
function scripts(given: object, ...lines: string[]): string[] {
  const stdout = ['passwd ann:x:1000:1000::/home/ann:/bin/bash', 'home-there', ...lines, 'groups', 'ann:x:1000:'].join(
    '\n',
  )
  const params: Given = { name: 'ann', ...given }
  const { problem, changes } = user.definition.plan(
    user.definition.schema.parse(params),
    { stdout, stderr: '', exitCode: 0 },
    {},
    {},
  )
  return problem === undefined ? changes.map(({ script }) => script) : [problem]
}

t.test('password_lock locks and unlocks', async (t) => {
  t.same(scripts({ password_lock: true }, 'hash'), ['usermod -L ann || exit'])
  t.same(scripts({ password_lock: true }, 'locked', 'hash'), [])
  t.same(scripts({ password_lock: false }, 'locked', 'hash'), ['usermod -U ann || exit'])
  t.same(scripts({ password_lock: false }, 'hash'), [])
  t.same(scripts({ password_lock: false }, 'locked'), [], 'usermod refuses to unlock an account without a password')
  const password = '$6$salt$hash'
  t.same(scripts({ password, password_lock: true }, 'hash'), [
    "printf '%s:%s\\n' ann '!$6$salt$hash' | chpasswd -e || exit",
  ])
  t.same(scripts({ password, password_lock: true }, 'password-same', 'hash'), ['usermod -L ann || exit'])
  t.same(scripts({ password, password_lock: true }, 'password-same', 'locked', 'hash'), [])
  t.same(scripts({ password, password_lock: false }, 'password-same', 'locked', 'hash'), ['usermod -U ann || exit'])
  t.same(scripts({ password, password_lock: false, update_password: 'on_create' }, 'locked', 'hash'), [
    'usermod -U ann || exit',
  ])
  t.match(
    user.definition.schema.safeParse({ name: 'a', password: '!$6$s$h', password_lock: false }).error?.issues[0]
      ?.message,
    'contradicts a password that begins with !',
  )
})

t.test('expires sets the day on which an account expires', async (t) => {
  t.same(scripts({ expires: 1422403387 }, 'expires '), ['usermod -e 2015-01-27 ann || exit'])
  t.same(scripts({ expires: 1422403387 }, 'expires 16462'), [])
  t.same(scripts({ expires: 1422403387 }, 'expires 16463'), ['usermod -e 2015-01-27 ann || exit'])
  t.same(scripts({ expires: -1 }, 'expires 16462'), ["usermod -e '' ann || exit"])
  t.same(scripts({ expires: -1 }, 'expires '), [])
})

t.test('a new user gets the day, the umask of the home and a uid that another user has', async (t) => {
  const plan = (given: object) =>
    user.definition.plan(
      user.definition.schema.parse({ name: 'bob', ...given }),
      { stdout: 'uid ann:x:1000:1000::/home/ann:/bin/bash\ngroups', stderr: '', exitCode: 0 },
      {},
      {},
    )
  t.match(plan({ uid: 1000 }).problem, 'uid 1000 is already used by user "ann"')
  t.equal(
    plan({ uid: 1000, non_unique: true, umask: '077', expires: 0 }).changes[0]?.script,
    'useradd -m -u 1000 -o -e 1970-01-01 -K UMASK=077 bob || exit',
  )
  t.same(scripts({ uid: 1001, non_unique: true }, 'uid bob:x:1001:1001::/:/bin/sh'), ['usermod -u 1001 -o ann || exit'])
})
