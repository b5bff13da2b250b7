import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { machineFaults } from '../../../src/lab/faults.ts'
import { runIn, shells } from '../../support/shells.ts'

/** Keeps rules in a file, one a line; whenever it deletes one, Docker adds another. */
const fakeIptables = (rules: string): string => `
iptables() {
  shift 2
  case $1 in
    -S) grep -e "^-A $2 " ${rules} || : ;;
    -I) shift; echo "-A $*" >>${rules} ;;
    -D) shift; grep -v -x -F -e "-A $*" ${rules} >${rules}.new; cat ${rules}.new >${rules}; echo '-A INPUT -j DOCKER-NEW' >>${rules} ;;
    *) echo "unexpected: $*" >&2 ;;
  esac
}`

const OWN = '-A INPUT -p tcp -m comment --comment "labbook-cut-off not" -j ACCEPT\n-A OUTPUT -j DOCKER\n'

t.test('the end of a partition deletes its rules, and no rule that others add meanwhile', async (t) => {
  const { partition } = machineFaults('node1', 2222)
  for (const shell of shells) {
    const directory = t.testdir({ rules: OWN })
    const rules = path.join(directory, 'rules')
    const run = (script: string): string => {
      const here = script
        .replaceAll('/run/labbook-cut-off.id', path.join(directory, 'latest'))
        .replace(/^\(sleep .*$/m, '')
      t.match(runIn(shell, `${fakeIptables(rules)}\n${here}`), { exitCode: 0, stderr: '' }, shell.name)
      return readFileSync(rules, 'utf8')
    }
    const during = run(partition.inject)
    t.equal(during.match(/--comment labbook-cut-off -j DROP/g)?.length, 4, `${shell.name}: four rules`)
    t.match(during, /INPUT ! -i lo -p tcp ! --dport 2222 /, `${shell.name}: SSH is left`)
    t.equal(run(partition.recover), OWN + '-A INPUT -j DOCKER-NEW\n'.repeat(4), shell.name)
    writeFileSync(rules, OWN)
    t.equal(run(partition.recover), OWN, `${shell.name}: nothing to recover`)
  }
})

t.test('rules with a quoted comment are deleted as well', async (t) => {
  for (const shell of shells) {
    const rules = path.join(
      t.testdir({ rules: '-A INPUT -p udp -m comment --comment "labbook-cut-off" -j DROP\n' }),
      'rules',
    )
    const deleted = `iptables() { case $3 in -S) cat ${rules} ;; *) echo "$*" ;; esac; }`
    const script = machineFaults('node1').partition.recover
    t.match(
      runIn(shell, `${deleted}\n${script}`).stdout,
      '-w 10 -D INPUT -p udp -m comment --comment labbook-cut-off -j DROP',
    )
  }
})

t.test('a recovery that fails says so, and leaves the file for the timer', async (t) => {
  const ours = '-A INPUT -p udp -m comment --comment labbook-cut-off -j DROP'
  for (const shell of shells) {
    const latest = path.join(t.testdir({ id: 'x' }), 'id')
    const recover = machineFaults('node1').partition.recover.replaceAll('/run/labbook-cut-off.id', latest)
    const status = (list: string, others: string): number =>
      runIn(shell, `iptables() { case $3 in -S) ${list} ;; *) ${others} ;; esac; }\n${recover}`).exitCode
    t.not(status('return 4', ':'), 0, `${shell.name}: the rules cannot be listed`)
    t.not(status(`[ $4 = INPUT ] && return 4; echo "${ours}"`, ':'), 0, `${shell.name}: one chain cannot be listed`)
    t.not(status(`echo "${ours}"`, 'return 4'), 0, `${shell.name}: a rule cannot be deleted`)
    t.not(status(`echo "${ours}"`, ':'), 0, `${shell.name}: a rule is left`)
    t.ok(existsSync(latest), shell.name)
    t.equal(status(':', 'return 4'), 0, `${shell.name}: no rule`)
    t.notOk(existsSync(latest), shell.name)
  }
})
