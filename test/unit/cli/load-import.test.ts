import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

const ROOT = path.join(import.meta.dirname, '../../..')
const FIXTURES = path.join(ROOT, 'test/unit/load/fixtures/locust')

/** Runs the entry point in the directory of the fixtures. */
function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(ROOT, 'playbooks/load-import.mjs'), ...args],
    { cwd: FIXTURES, encoding: 'utf8' },
  )
  return { status, stdout, stderr }
}

t.test('load-import reads a pair with its histories and prints what it allows to conclude', async (t) => {
  const { status, stdout, stderr } = run('1=users-set-rate/replicas1_stats.csv', '4=users-set-rate/replicas4_stats.csv')
  t.strictSame({ status, stderr }, { status: 0, stderr: '' })
  t.match(stdout, /^REPLICAS +USERS +SECONDS +REQUESTS +FAILED +PER S +MEAN MS/)
  t.match(stdout, /^ +4 +46 +51 +1808 +0 +35\.5 +33 +28 +77 +340 +1050$/m)
  t.match(
    stdout,
    `? inconclusive: 4 replicas serve more requests than 1 in these runs
    the users set the rate: 1 and 4 replicas could not differ in this test, or
    by 11 % at most; use more users, or a shorter think time (33.3 and 35.5
    requests/s, ratio 1.06)
`,
  )
  t.match(stdout, /^✓ holds: 46 users, not the app, limit the throughput of 4 replicas$/m)
  t.match(stdout, /^✗ does not hold: 46 users, not the app, limit the throughput of 1 replica$/m)
  t.match(stdout, /^Limits:\n {2}- "4 replicas are 4\.2 times faster than 1" does not follow/m)
  t.ok(
    stdout
      .split('\n')
      .slice(1)
      .every((line) => line.length <= 90),
    'short lines',
  )
})

t.test('a file without a history beside it needs --users', async (t) => {
  const file = path.join(t.testdir(), 'alone_stats.csv')
  copyFileSync(path.join(FIXTURES, 'server-limited/replicas1_stats.csv'), file)
  t.match(run(`1=${file}`).stdout, /the number of users is unknown: .* specify\s+--users/s)
  t.match(
    run(`1=${file}`, '--users', '60', '--think', '0.1-0.3').stdout,
    /users waited 8\d % of\s+their time .* 0\.20 s/s,
  )
})

t.test('errors say what is wrong and where', async (t) => {
  for (const [args, expected] of [
    [[], /^specify results of Locust: 1=one_stats\.csv 4=four_stats\.csv; see --help\n$/],
    [
      ['users-set-rate/replicas1_stats.csv'],
      /^"users-set-rate\/replicas1_stats\.csv" must be REPLICAS=FILE, such as 4=users/,
    ],
    [['one=x_stats.csv'], /^"one=x_stats\.csv" must be REPLICAS=FILE, such as 4=x_stats\.csv\n$/],
    [['1=x_stats.csv'], /^file "x_stats\.csv" not found\n$/],
    [['1=other'], /^cannot read "other": EISDIR/],
    [['1=other/spreadsheet_stats.csv'], /^other\/spreadsheet_stats\.csv:1: the columns are separated by ";"/],
    [['1=x', '--think', '3-1'], /^--think must be seconds such as 1\.5, or a range such as 0\.5-2, not "3-1"\n$/],
    [['1=x', '--users', '0'], /^--users must be a whole number, not "0"\n$/],
    [['1=x', '--user', '3'], /^unknown option --user \(did you mean --users\?\)\n$/],
  ] as const) {
    const { status, stdout, stderr } = run(...args)
    t.strictSame({ status, stdout }, { status: 1, stdout: '' }, args.join(' '))
    t.match(stderr, expected, args.join(' '))
  }
})

t.test('--help fits a terminal, and names the options', async (t) => {
  const { status, stdout } = run('--help')
  t.equal(status, 0)
  t.match(stdout, 'Usage: npx zx playbooks/load-import.mjs REPLICAS=FILE... [options]')
  t.match(stdout, '--think SECONDS')
})
