import t from 'tap'
import { bundled, onTerminal, screenOf } from '../../support/terminal.ts'

const REPLAY = bundled(new URL('./programs/replay.ts', import.meta.url))

void t.test('test terminal draws over erased lines', async (t) => {
  t.strictSame(screenOf('one\r\ntwo\r\n\u001b[2K\u001b[1A\u001b[2K\u001b[Gthree\r\n'), ['one', 'three', ''])
})

void t.test('run leaves one line per play, then findings, recap and report', async (t) => {
  const { screen, exitCode } = await onTerminal(REPLAY, ['siteRun'])
  t.equal(exitCode, 0)
  t.strictSame(screen, [
    'Labbook 0.1.0  site.mjs  3 hosts: node1 node2 node3',
    '',
    '✓ Base system                 1.4s   3 hosts, nothing to change',
    '✓ Docker Engine                38s   3 hosts, 9 changed',
    '✓ Swarm                       6.1s   3 hosts, 3 changed',
    '    warning: node1: no IPVS in this kernel: services answer by DNS round robin',
    '! The app counts               13s   2 of 4 findings hold, 1 inconclusive',
    '',
    'FINDINGS',
    '✓ app.replicas.answer           4 distinct replicas answer from outside',
    '✓ app.counter.counts            parallel clients add exactly what they ask for',
    '                                (100 of 100)',
    '? swarm.active.does-not-return  after Active no task comes back by itself (the',
    '                                drain was not seen)',
    '✗ swarm.nodes.ready             all nodes are Ready (2 of 3)',
    '',
    'PLAY RECAP',
    'node1 : ok=5 changed=4 unreachable=0 failed=0 skipped=1 rescued=0 ignored=0',
    'node2 : ok=5 changed=4 unreachable=0 failed=0 skipped=1 rescued=0 ignored=0',
    'node3 : ok=5 changed=4 unreachable=0 failed=0 skipped=1 rescued=0 ignored=0',
    '',
    '✓ Passed in 3m 12s',
    'report: runs/latest/report.html',
    '',
  ])
})

void t.test('running play has a line per host, which is cleared afterwards', async (t) => {
  const { raw, screen } = await onTerminal(REPLAY, ['brokenRun', 'paused'], {
    env: { NO_COLOR: '1' },
    echo: false,
    talk: [['node3    0 ok    0 changed   Install Docker', '\r']],
  })
  t.match(raw, /[⠁-⣿] node1 {4}0 ok {4}0 changed {3}Install Docker/)
  t.strictSame(screen.slice(2, 11), [
    '✗ Docker Engine                38s   3 hosts, 1 changed, 1 failed, 1 unreachable',
    '    failed  node2  Install Docker',
    '        install docker.io: exit code 100',
    '        │ Reading package lists...',
    '        │ E: Unable to locate package docker.io',
    '    unreachable  node3  Install Docker',
    '        node3 (10.0.0.3:22) does not answer; is it on, and is the address right?',
    '    ignored  node1  Old packages',
    '        exit code 1',
  ])
  t.notMatch(raw, /\u001b\[[\d;]*m/, 'NO_COLOR: no colour at all')
})

void t.test(
  'experiment shows its phase, the time left, and what it is waiting for with a running counter',
  async (t) => {
    const { raw, screen, exitCode } = await onTerminal(REPLAY, ['waitingRun', 'waiting'], {
      columns: 100,
      env: { NO_COLOR: '1' },
      echo: false,
      talk: [['waiting for node3 Down, 2 of 120 s', '\r']],
    })
    t.equal(exitCode, 0)
    t.match(raw, /A node is lost {2}phase 3 of 4, \ds; run \ds, about 2m 2\ds left/)
    t.match(raw, /waiting for node3 Down, [01] of 120 s/)
    t.notMatch(raw, 'docker node ls', 'the command that has ended is not shown')
    t.ok(screen.includes('✓ A node is lost               20s   2 exhibits'))
  },
)

void t.test(
  'footer of a passed run has what is running, results and next steps; the report is a link with colour',
  async (t) => {
    const { raw, screen } = await onTerminal(REPLAY, ['siteRun', 'closing'])
    t.strictSame(screen.slice(-11), [
      '',
      'RUNNING NOW',
      '  node1  http://10.0.0.1:8080  manager',
      '',
      'RESULTS',
      '  Failed requests  0',
      '  Report           runs/latest/report.html',
      '',
      'NEXT STEPS',
      '  Remove the lab  npx zx playbooks/lab.mjs down',
      '',
    ])
    t.match(
      raw,
      /\u001b\]8;;file:\/\/\/\S+\/runs\/latest\/report.html\u001b\\runs\/latest\/report.html\u001b\]8;;\u001b\\/,
    )
    const plain = await onTerminal(REPLAY, ['siteRun', 'closing'], { env: { NO_COLOR: '1' } })
    t.notMatch(plain.raw, '\u001b]8')
    t.ok(plain.screen.includes('  Report           runs/latest/report.html'))
  },
)

void t.test('check mode lists planned changes, once for equal hosts', async (t) => {
  const { screen } = await onTerminal(REPLAY, ['checkRun', 'diff'])
  t.strictSame(screen.slice(1, 16), [
    'Check mode: no changes are made',
    '',
    '✓ Docker Engine               0.9s   3 hosts, 6 would change, 3 unknown',
    '    ~ Install Docker  all hosts',
    '      - install docker.io 26.1.5',
    '    ~ Configure Docker  all hosts',
    '      - write /etc/docker/daemon.json',
    '      --- /etc/docker/daemon.json before',
    '      +++ /etc/docker/daemon.json after',
    '      @@ -1,3 +1,3 @@',
    '       {',
    '      -  "log-driver": "json-file"',
    '      +  "log-driver": "journald"',
    '       }',
    '    ? Start Docker: depends on "Install Docker", which has not run yet  all hosts',
  ])
})

void t.test('more hosts than lines are summarized in one line', async (t) => {
  const { raw } = await onTerminal(REPLAY, ['crowdRun', 'paused'], {
    rows: 20,
    columns: 100,
    env: { NO_COLOR: '1' },
    echo: false,
    talk: [['40 of 40 hosts active', '\r']],
  })
  t.match(raw, '40 of 40 hosts active    0 ok    0 changed   Install Docker (40)')
  t.notMatch(raw, /web40 +\d+ ok/)
})

void t.test('Ctrl-C is handled by Labbook, not by listr2, and the terminal is restored', async (t) => {
  const { raw, screen, exitCode } = await onTerminal(REPLAY, ['siteRun', 'paused'], {
    talk: [['Name the host', '\u0003']],
  })
  t.equal(exitCode, 130)
  t.ok(screen.includes('report: OURS'))
  t.ok(
    screen.some((line) => line.startsWith('■ Base system')),
    'the play is marked as stopped',
  )
  t.ok(raw.lastIndexOf('\u001b[?25h') > raw.lastIndexOf('\u001b[?25l'), 'the cursor is back')
})

void t.test('every result is a separate line with -v', async (t) => {
  const { screen } = await onTerminal(REPLAY, ['siteRun', '-v'])
  t.ok(screen.includes('node1 |         | Setting up docker.io (26.1.5) ...'))
})
