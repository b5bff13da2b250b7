import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { lab_network } from '../../../../src/modules/lab/network.ts'
import { lab_node } from '../../../../src/modules/lab/node.ts'
import { lab_preflight } from '../../../../src/modules/lab/preflight.ts'
import { lab_rootfs } from '../../../../src/modules/lab/rootfs.ts'
import { bootScript, nodeFileFunctions } from '../../../../src/modules/lab/scripts/boot-node.ts'
import { stopNodeFunctions } from '../../../../src/modules/lab/scripts/stop-node.ts'
import { supervisorScript } from '../../../../src/modules/lab/scripts/supervise-node.ts'
import { mergedUsrOptions, sourceFunctions } from '../../../../src/modules/lab/scripts/rootfs.ts'
import { quote } from '../../../../src/shell/quote.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { network, node1, planFor } from './planned.ts'

const { definition } = lab_network
const present = definition.schema.parse(network)
const started = lab_node.definition.schema.parse(node1)
const scripts: Record<string, string> = {
  'boot script': nodeFileFunctions + bootScript,
  'keeper script': supervisorScript,
  'network probe': definition.probe(present, {}),
  'node probe': lab_node.definition.probe(started, {}),
  'preflight probe': lab_preflight.definition.probe({}, {}),
  'rootfs probe': lab_rootfs.definition.probe(lab_rootfs.definition.schema.parse({ path: '/srv/labs/rootfs' }), {}),
}
const plans = [
  planFor(lab_network, network, 'uplink eth0\nforwarding 0\n'),
  planFor(
    lab_network,
    { ...network, state: 'absent', purge: true },
    'there lbtest-node1\nthere lbtest-sw\nhost-end\nrule x\nremembered 0\nnetns-mounted\nfolder\n',
  ),
  planFor(lab_node, { ...node1, disk: '4G', memory: '1G' }, ''),
  planFor(lab_node, node1, 'pid 1\nown-network\nanswers\n'),
  planFor(lab_node, { ...node1, state: 'stopped' }, 'process 1\n'),
  planFor(lab_node, { ...node1, state: 'absent' }, 'folder\n'),
  planFor(lab_rootfs, { path: '/srv/labs/rootfs' }, 'sources 1\nwanted abc\n'),
  planFor(lab_rootfs, { path: '/srv/labs/rootfs', state: 'absent' }, 'there\n'),
]
for (const { description, script } of plans.flatMap((plan) => plan.changes)) scripts[description] = script

for (const shell of shells) {
  await t.test(`${shell.name} parses every script`, async (t) => {
    const [command, ...args] = shell.argv
    for (const [name, script] of Object.entries(scripts)) {
      const { status, stderr } = spawnSync(command, [...args, '-n'], { input: script, encoding: 'utf8' })
      t.equal(status, 0, `${name}: ${stderr}`)
    }
  })

  await t.test(`${shell.name}: the last lab restores IPv4 forwarding`, (t) => {
    const rule = (lab: string): string => `echo '-A FORWARD -m comment --comment "labbook:${lab}" -j ACCEPT'`
    const down = (comments: readonly string[], labs: Record<string, object>) => {
      const root = t.testdir({
        labs: { one: { ip_forward: '0\n' }, ...labs },
        forwarding: '1\n',
        bin: {
          'iptables-save': `#!/bin/sh\n${comments.map(rule).join('\n')}\n`,
        },
      })
      chmodSync(path.join(root, 'bin/iptables-save'), 0o755)
      const { changes } = planFor(
        lab_network,
        { ...network, dir: path.join(root, 'labs/one'), state: 'absent' },
        'remembered 0\n',
      )
      const script = (changes[0]?.script ?? '').replaceAll(
        '/proc/sys/net/ipv4/ip_forward',
        path.join(root, 'forwarding'),
      )
      runIn(shell, script, { env: { PATH: `${path.join(root, 'bin')}:${process.env['PATH']}` } })
      const read = (name: string): string | undefined => {
        const file = path.join(root, name)
        return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
      }
      return [read('forwarding'), read('labs/one/ip_forward'), read('labs/two/ip_forward')]
    }
    const { name } = network
    t.same(down([], {}), ['0', undefined, undefined])
    t.same(down([name, name], { two: {} }), ['0', undefined, undefined], 'only its own rules')
    t.same(down([name, 'two', 'two'], { two: {} }), ['1', undefined, '0'], 'the other lab restores it')
    t.same(down(['two'], { two: { ip_forward: '0\n' } }), ['1', undefined, '0'], 'the other lab knows the value')
    t.same(down(['two'], {}), ['1', '0', undefined], 'the other lab has its directory elsewhere')
    t.end()
  })

  await t.test(`${shell.name}: lab_pid() ignores a recycled PID`, async (t) => {
    const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' })
    t.teardown(() => sleeper.kill())
    const since = (readFileSync(`/proc/${sleeper.pid}/stat`, 'utf8').split(') ')[1] as string).split(' ')[19] as string
    const dir = t.testdir({
      own: { pid: `${sleeper.pid} ${since}\n` },
      other: { pid: `${sleeper.pid} 1\n` },
      cut: { pid: `${sleeper.pid}` },
    })
    const pid = (directory: string): string =>
      runIn(shell, `${stopNodeFunctions}lab_pid ${quote(`${dir}/${directory}`)}`).stdout.trim()
    t.equal(pid('own'), String(sleeper.pid))
    t.equal(pid('other'), '')
    t.equal(pid('cut'), '')
    t.equal(pid('none'), '')
  })

  await t.test(`${shell.name}: lab_write_hosts() replaces only the lab's lines`, async (t) => {
    const dir = t.testdir({ hosts: '10.0.0.9 old # lab\n127.0.0.1 mine\n' })
    const script = `hosts='10.0.0.1 a # lab\n10.0.0.2 b # lab'\n${nodeFileFunctions}lab_write_hosts ${quote(`${dir}/hosts`)}`
    for (let run = 0; run < 2; run++) t.equal(runIn(shell, script).exitCode, 0, `run ${run}`)
    t.equal(readFileSync(`${dir}/hosts`, 'utf8'), '10.0.0.1 a # lab\n10.0.0.2 b # lab\n127.0.0.1 mine\n')
  })

  await t.test(
    `${shell.name}: only the distribution's archives and their connection settings are copied`,
    async (t) => {
      const bin = t.testdir({
        'apt-get':
          '#!/bin/sh\ncat <<END\nhttp://mirror.test/debian/ bookworm main Debian\nhttp://mirror.test/debian/ bookworm main Debian\n' +
          'https://other.test/ stable main Other\nfile:/srv/packages bookworm main Debian\nEND\n',
        'apt-config':
          '#!/bin/sh\ncat <<END\nAcquire "";\nAcquire::http::Proxy "http://proxy.test:3128";\nAcquire::Check-Date "false";\nAPT::Foo "1";\nEND\n',
      })
      spawnSync('chmod', ['+x', `${bin}/apt-get`, `${bin}/apt-config`])
      const { stdout } = runIn(shell, `${sourceFunctions}lab_sources; lab_apt_settings`, {
        env: { PATH: `${bin}:${process.env['PATH']}`, http_proxy: '', https_proxy: '' },
      })
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/\[signed-by=.*\] /, ''))
      t.strictSame(lines, [
        'deb http://mirror.test/debian/ bookworm main',
        'Acquire::http::Proxy "http://proxy.test:3128";',
        'Acquire::Check-Date "false";',
        'Acquire::Languages "none";',
      ])
    },
  )

  await t.test(`${shell.name}: sources of Ubuntu are those of its archives, with all components`, async (t) => {
    const bin = t.testdir({
      'apt-get':
        '#!/bin/sh\nfor suite in noble noble-updates noble-security; do for part in main universe; do echo "http://mirror.test/ubuntu/ $suite $part Ubuntu"; done; done\n' +
        'echo "https://ppa.test/x/ubuntu/ noble main LP-PPA-x"\n',
    })
    spawnSync('chmod', ['+x', `${bin}/apt-get`])
    const { stdout } = runIn(shell, `${sourceFunctions}lab_codename() { echo noble; }; lab_release_sources jammy`, {
      env: { PATH: `${bin}:${process.env['PATH']}` },
    })
    t.strictSame(
      stdout
        .trim()
        .replaceAll(/\[signed-by=.*\] /g, '')
        .split('\n'),
      ['jammy', 'jammy-updates', 'jammy-security'].flatMap((suite) =>
        ['main', 'universe'].map((part) => `deb http://mirror.test/ubuntu/ ${suite} ${part}`),
      ),
    )
  })

  await t.test(`${shell.name}: /usr is merged from the start in releases with the package usr-is-merged`, async (t) => {
    const dir = t.testdir({ hooks: {}, bin: { 'apt-cache': '#!/bin/sh\nexit 0\n' } })
    spawnSync('chmod', ['+x', `${dir}/bin/apt-cache`])
    const hooks = mergedUsrOptions.replace('/usr/share/mmdebstrap/hooks/merged-usr', `${dir}/hooks`)
    const optionsOf = (release: string): string =>
      runIn(shell, `release=${release}\n${hooks}\nprintf '%s\\n' "$@" | head -n 1`, {
        env: { PATH: `${dir}/bin:${process.env['PATH']}` },
      }).stdout.trim()
    for (const release of ['bookworm', 'trixie', 'noble', 'sid'])
      t.equal(optionsOf(release), `--hook-dir=${dir}/hooks`, release)
    for (const release of ['bullseye', 'jammy']) t.equal(optionsOf(release), '', release)
  })

  await t.test(`${shell.name}: sources of another release are those of this machine with its code name`, async (t) => {
    const bin = t.testdir({
      'apt-get':
        '#!/bin/sh\nfor suite in code code-updates code-security code-backports/x other; do echo "http://mirror.test/debian/ $suite main Debian"; done\n',
    })
    spawnSync('chmod', ['+x', `${bin}/apt-get`])
    const release = (name: string): string[] =>
      runIn(shell, `${sourceFunctions}lab_codename() { echo code; }; lab_release_sources ${name}`, {
        env: { PATH: `${bin}:${process.env['PATH']}` },
      })
        .stdout.trim()
        .split('\n')
        .map((line) => line.replace(/^.*debian\/ (.*) main$/, '$1'))
    t.strictSame(release('trixie'), ['trixie', 'trixie-updates', 'trixie-security', 'trixie-backports/x', 'other'])
    t.strictSame(release('code'), ['code', 'code-updates', 'code-security', 'code-backports/x', 'other'])
  })
}
