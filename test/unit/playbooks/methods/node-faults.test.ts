import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { NODE_FAULTS, REGISTRY_BACK, registryAway, type NodeKind } from '../../../../playbooks/methods/node-faults.ts'
import { runIn, shells } from '../../../support/shells.ts'

const on = { hosts: ['node1'], groups: { swarm: ['node1', 'node2'] }, hostvars: () => ({}) }
const KINDS = Object.keys(NODE_FAULTS) as NodeKind[]

t.test('the scripts of all faults are valid in each shell', async (t) => {
  for (const shell of shells) {
    for (const kind of KINDS) {
      const { inject, recover } = NODE_FAULTS[kind](on, 'node2')
      for (const script of [inject, recover])
        t.match(runIn(shell, `if false\nthen\n${script}\nfi`), { exitCode: 0, stderr: '' }, `${shell.name}: ${kind}`)
    }
    t.match(runIn(shell, `if false\nthen\n${registryAway([['10.0.0.1', 5000]], 1)}\n${REGISTRY_BACK}\nfi`), {
      stderr: '',
    })
  }
})

t.test('the timer of an injection ends the fault, unless it was recovered or injected again', async (t) => {
  const { inject, recover } = NODE_FAULTS['full-disk'](on, 'node2')
  const timer = inject.split('\n').slice(0, 2).join('\n')
  for (const shell of shells) {
    const directory = t.testdir({ log: '' })
    const log = path.join(directory, 'log')
    const here = (script: string): string =>
      script
        .replaceAll('/run/labbook-full-disk.id', path.join(directory, 'latest'))
        .replaceAll(/rm -f \/var\S*labbook-full-disk/g, `echo removed >>${log}`)
    const inTheMeantime = (script: string): string => {
      writeFileSync(log, '')
      runIn(shell, `sleep() { command sleep 0.3; }\n${here(timer)}\n${here(script)}\nwait`)
      return readFileSync(log, 'utf8')
    }
    t.equal(inTheMeantime(':'), 'removed\n', `${shell.name}: by itself`)
    t.equal(inTheMeantime(recover), 'removed\n', `${shell.name}: recovered before, once`)
    t.equal(inTheMeantime(timer), 'removed\n', `${shell.name}: by the second injection only`)
  }
  const slow = { ...on, hostvars: () => ({ slowdown: 4 }) }
  t.match(NODE_FAULTS['full-disk'](slow, 'node2').inject, '(sleep 1200;', 'later on slow nodes')
})

t.test('only the rules of the registry are deleted', async (t) => {
  for (const shell of shells) {
    const listed = [
      '-P OUTPUT ACCEPT',
      '-A OUTPUT -d 10.0.0.1/32 -p tcp --dport 5000 -m comment --comment labbook-registry-away -j REJECT',
      '-A OUTPUT ! -d 127.0.0.0/8 -j DOCKER',
    ].map((rule) => `'${rule}'`)
    const fake = `iptables() { case $3 in -S) printf '%s\\n' ${listed.join(' ')} ;; *) echo "$*" ;; esac; }`
    t.equal(
      runIn(shell, `${fake}\n${REGISTRY_BACK}`).stdout,
      '-w 10 -D OUTPUT -d 10.0.0.1/32 -p tcp --dport 5000 -m comment --comment labbook-registry-away -j REJECT\n',
      shell.name,
    )
  }
})

t.test('all addresses of a registry are rejected, also after NAT', async (t) => {
  const script = registryAway([['registry.example', 5000]], 1)
    .split('\n')
    .slice(2)
    .join('\n')
  const fakes = `getent() { printf '%s\\n' '10.0.0.2 STREAM registry' '10.0.0.2 DGRAM' '10.0.0.1 STREAM'; }
iptables() { echo "$*"; }
curl() { return 7; }`
  for (const shell of shells)
    t.same(
      runIn(shell, `${fakes}\n${script}`).stdout.split('\n').slice(0, -1),
      ['10.0.0.1', '10.0.0.2'].map(
        (address) =>
          `-w 10 -I OUTPUT -p tcp -m conntrack --ctorigdst ${address} --ctorigdstport 5000 ` +
          '-m comment --comment labbook-registry-away -j REJECT',
      ),
      shell.name,
    )
})

t.test('a registry that still answers fails the injection', async (t) => {
  const script = registryAway([['10.0.0.1', 5000]], 1)
    .split('\n')
    .slice(2)
    .join('\n')
  for (const shell of shells) {
    const after = (exitCode: number) => runIn(shell, `iptables() { :; }\ncurl() { return ${exitCode}; }\n${script}`)
    for (const away of [6, 7, 28]) t.match(after(away), { exitCode: 0, stderr: '' }, `${shell.name}: ${away}`)
    for (const there of [0, 35, 127]) t.match(after(there), { exitCode: 1 }, `${shell.name}: ${there}`)
  }
})

t.test('the clock is set right once, and only if it was set forward', async (t) => {
  const { inject, recover } = NODE_FAULTS['clock-step'](on, 'node2')
  for (const shell of shells) {
    const directory = mkdtempSync(path.join(tmpdir(), 'labbook-clock-'))
    t.teardown(() => {
      rmSync(directory, { recursive: true, force: true })
    })
    const log = path.join(directory, 'log')
    writeFileSync(log, '')
    // The scripts with another mark, and a date that records instead of setting.
    const run = (script: string, isContainer = false): void => {
      const here = script
        .replaceAll('/run/labbook-clock-step.id', path.join(directory, 'latest'))
        .replaceAll('/run/labbook-clock-step', path.join(directory, 'mark'))
        .replace(/^\(sleep .*$/m, '')
      const date = `date() { case $1 in +%s) echo 5000;; *) echo "$2" >>${log};; esac; }`
      // `systemd-detect-virt` is no name of a function in dash.
      const machine = here.replace('systemd-detect-virt -q --container', isContainer ? 'true' : 'false')
      t.match(runIn(shell, `${date}\n${machine}`), { exitCode: isContainer ? 1 : 0 }, shell.name)
    }
    run(recover)
    t.equal(readFileSync(log, 'utf8'), '', 'nothing to set back')
    run(inject, true)
    t.equal(readFileSync(log, 'utf8'), '', 'a container has the clock of its machine')
    run(inject)
    run(inject)
    t.ok(existsSync(path.join(directory, 'mark')))
    run(recover)
    run(recover)
    // The uptime may grow by a second meanwhile.
    t.match(readFileSync(log, 'utf8'), /^@8600\n@500[01]\n$/, shell.name)
  }
})
