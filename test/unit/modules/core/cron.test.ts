import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { cron } from '../../../../src/modules/core/cron.ts'
import type { Plan } from '../../../../src/modules/module.ts'
import { converge, runIn, type Shell } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'

/* Texts are compared with Ansible's in text-edits.test.ts. */

/** A crontab command, which keeps crontabs in its directory. */
const CRONTAB = `#!/bin/sh
user=me
if [ "$1" = -u ]; then user=$2; shift 2; fi
[ "$user" != nobody ] || { echo "crontab: user 'nobody' unknown" >&2; exit 1; }
file=\${0%/*}/tab.$user
case $1 in
  -l) [ -e "$file" ] || { echo "no crontab for $user" >&2; exit 1; }; cat "$file" ;;
  -) cat >"$file" ;;
esac
`

/** For an ordinary user, with a warning in each list. */
const ORDINARY = CRONTAB.replace(
  'then user=$2; shift 2;',
  "then echo 'must be privileged to use -u' >&2; exit 1;",
).replace('-l) ', "-l) echo 'crontab: a warning' >&2; ")

type Params = Parameters<typeof cron.definition.schema.parse>[0]

function withCrontab(shell: Shell, folder: string, crontab = CRONTAB) {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'crontab'), crontab)
  chmodSync(join(bin, 'crontab'), 0o755)
  const { definition } = cron
  const run = (script: string) => runIn(shell, script, { env: { PATH: `${bin}:${process.env.PATH}` } })
  const plan = (given: Params): Plan<unknown> => {
    const params = definition.schema.parse(given)
    return definition.plan(params, run(definition.probe(params, {})), {}, {})
  }
  const apply = (given: Params) => {
    const before = plan(given)
    return { before, applied: before.changes.map(({ script }) => run(script)), after: plan(given) }
  }
  return { plan, apply, run, tab: (user: string) => join(bin, `tab.${user}`) }
}

t.test('cron sets and removes jobs and variables of a crontab', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { apply, plan, run, tab } = withCrontab(shell, folder)
    const job = { name: "ann's job", user: 'ann', minute: '*/5', job: `echo "$HOME" 'a' \\ 100%` }
    const first = apply(job)
    converged(t, first, [`set job "ann's job" in the crontab of ann`])
    t.equal(readFileSync(tab('ann'), 'utf8'), `#Ansible: ann's job\n*/5 * * * * echo "$HOME" 'a' \\ 100%\n`)
    t.same(first.after.values, { jobs: ["ann's job"], envs: [] })
    t.notMatch(JSON.stringify([plan({ ...job, minute: 1 }).changes[0]?.diff]), 'echo')
    converged(t, apply({ name: 'PATH', user: 'ann', env: true, job: '/bin' }), [
      'set variable "PATH" in the crontab of ann',
    ])
    t.match(readFileSync(tab('ann'), 'utf8'), /^PATH="\/bin"\n#Ansible/)
    converged(t, apply({ name: "ann's job", user: 'ann', state: 'absent' }), [
      `remove job "ann's job" in the crontab of ann`,
    ])
    t.equal(readFileSync(tab('ann'), 'utf8'), 'PATH="/bin"\n')
    converged(t, apply({ name: 'up', special_time: 'reboot', job: 'x' }), ['set job "up" in the crontab'])
    t.equal(readFileSync(tab('me'), 'utf8'), '#Ansible: up\n@reboot x\n')
    t.match(plan({ name: 'a', user: 'nobody', job: 'x' }).problem, 'cannot read the crontab of nobody')
    t.match(
      plan({ name: 'A', user: 'ann', env: true, job: 'x', insertafter: 'NO' }).problem,
      'the crontab of ann: variable "NO" not found',
    )
    // Another program changed it since the probe.
    const outdated = plan({ name: 'late', user: 'ann', job: 'x' }).changes[0]
    writeFileSync(tab('ann'), 'B=1\n')
    t.equal(run(outdated?.script ?? '').exitCode, outdated?.outdatedExitCode)
    t.equal(readFileSync(tab('ann'), 'utf8'), 'B=1\n')
  })
})

t.test('cron names no user who is that of the task, and takes no warning for a job', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { apply, plan, tab } = withCrontab(shell, folder, ORDINARY)
    const user = userInfo().username
    converged(t, apply({ name: 'a', user, job: 'x' }), [`set job "a" in the crontab of ${user}`])
    converged(t, apply({ name: 'b', job: 'y' }), ['set job "b" in the crontab'])
    t.equal(readFileSync(tab('me'), 'utf8'), '#Ansible: a\n* * * * * x\n#Ansible: b\n* * * * * y\n')
    t.match(plan({ name: 'a', user: 'ann', job: 'x' }).problem, 'must be privileged to use -u')
  })
})

t.test('cron sets jobs in a file, and removes it when it is empty', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const file = join(folder, 'backup')
    const job = { name: 'backup', cron_file: file, user: 'root', special_time: 'daily' as const, job: 'run' }
    converged(t, converge(shell, cron, job), [`set job "backup" in ${file}`])
    t.equal(readFileSync(file, 'utf8'), '#Ansible: backup\n@daily root run\n')
    converged(t, converge(shell, cron, { ...job, disabled: true }), [`set job "backup" in ${file}`])
    t.equal(readFileSync(file, 'utf8'), '#Ansible: backup\n#@daily root run\n')
    converged(t, converge(shell, cron, { name: 'backup', cron_file: file, state: 'absent' }), [
      `remove job "backup", the last one, with ${file}`,
    ])
    t.notOk(existsSync(file))
    converged(t, converge(shell, cron, { name: 'backup', cron_file: file, state: 'absent' }), [])
  })
})

t.test('on busybox, a user without a crontab has an empty one', (t) => {
  const { definition } = cron
  const plan = (output: string) => {
    const params = definition.schema.parse({ name: 'a', user: 'alice', job: 'x' })
    return definition.plan(params, { stdout: 'x1', stderr: `${output}\n`, exitCode: 0 }, {}, {})
  }
  t.same(
    plan("crontab: can't open 'alice': No such file or directory").changes.map(({ description }) => description),
    ['set job "a" in the crontab of alice'],
  )
  t.match(plan("crontab: can't open 'alice': Permission denied").problem, 'cannot read the crontab of alice')
  t.end()
})

t.test('cron reports a host without crontab, and refuses parameters that it does not have', (t) => {
  const { definition } = cron
  const params = definition.schema.parse({ name: 'a', job: 'x' })
  const plan = definition.plan(params, { stdout: 'no-crontab\n', stderr: '', exitCode: 0 }, {}, {})
  t.match(plan.problem, 'install the package cron')
  const why = (given: object): string | undefined => definition.schema.safeParse(given).error?.issues[0]?.message
  t.match(why({ name: 'a', job: 'x', backup: true }), '"backup" is not supported')
  t.match(why({ name: 'a', job: 'x', dom: '1' }), 'write day')
  t.match(why({ name: 'a', job: 'x', user: 'root', cron_file: 'a.sh' }), 'cron ignores other files')
  t.match(why({ name: 'a', job: 'x', user: 'root', cron_file: '/etc/crontab' }), 'not managed')
  t.end()
})
