import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { machineFaults } from '../../../src/lab/faults.ts'
import { runIn, shells } from '../../support/shells.ts'

/** Keeps rules in a file, one a line; whenever it deletes one, Docker adds another. */
const fakeIptables = (rules: string): string => `
iptables() {
  shift 2
  case $1 in
    -S) grep -e "^-A $2 " ${rules} ;;
    -I) shift; echo "-A $*" >>${rules} ;;
    -D) shift; grep -v -x -F -e "-A $*" ${rules} >${rules}.new; cat ${rules}.new >${rules}; echo '-A INPUT -j DOCKER-NEW' >>${rules} ;;
    *) echo "unexpected: $*" >&2 ;;
  esac
}`

const OWN = "-A INPUT -p tcp -m comment --comment 'not labbook-cut-off' -j ACCEPT\n-A OUTPUT -j DOCKER\n"

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
    const script = machineFaults('node1').partition.recover.replace(/^rm [^;]*; /, '')
    t.match(
      runIn(shell, `${deleted}\n${script}`).stdout,
      '-w 10 -D INPUT -p udp -m comment --comment labbook-cut-off -j DROP',
    )
  }
})
