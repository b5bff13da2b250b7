import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { main } from '../../src/cli/main.ts'
import { playbook } from '../../src/cli/playbook.ts'
import { copy, file, lineinfile, play, secret, shell } from '../../src/labbook.ts'
import { startSshd } from '../support/sshd.ts'

// A plan as a user saves and applies it, over SSH to two hosts: the cluster has drifted, and goes on drifting.
const sshd = await startSshd()
t.teardown(() => sshd.stop())
const root = t.testdir({ 'package.json': '{ "version": "1.0.0" }', web: {}, db: {} })
const at = (name: string): string => path.join(root, name)
const PLAN = at('plan.json')
const PASSWORD = 'hunter2-secret'

const inventory = {
  all: {
    hosts: Object.fromEntries(['web', 'db'].map((name) => [name, { dir: at(name) }])),
    vars: sshd.vars({ ansible_become: false }),
  },
}
writeFileSync(at('inventory.yaml'), JSON.stringify(inventory))

const files = playbook({
  name: 'files',
  description: 'Files of two hosts.',
  steps: [
    play(
      'Files',
      { hosts: 'all' },
      ({ vars }) => {
        const dir = String(vars['dir'])
        return [
          file({ path: `${dir}/conf`, state: 'directory' }),
          copy({ dest: `${dir}/conf/a`, content: 'a=1\n', notify: 'restart' }),
          copy({ dest: `${dir}/conf/secret`, content: secret(PASSWORD) }),
          lineinfile({ path: `${dir}/conf/b`, line: 'b=1', create: true }),
        ]
      },
      { restart: shell({ cmd: 'echo restarted >>"$LOG"', sets: [], environment: { LOG: at('log') } }) },
    ),
  ],
})

/** Runs the playbook as its command line does. */
async function run(...argv: string[]): Promise<{ exitCode: number; stderr: string }> {
  const [error, out] = [process.stderr.write, process.stdout.write]
  let stderr = ''
  process.stderr.write = (text: string | Uint8Array) => ((stderr += String(text)), true)
  process.stdout.write = () => true
  try {
    return { exitCode: await main(files, argv, root), stderr }
  } finally {
    process.stderr.write = error
    process.stdout.write = out
  }
}

const text = (name: string): string => readFileSync(at(name), 'utf8')

t.test('a plan after drift is applied exactly, or refused if a host has changed meanwhile', async (t) => {
  t.same(await run('-i', at('inventory.yaml'), '--yes'), { exitCode: 0, stderr: '' })
  rmSync(at('log'))
  writeFileSync(at('web/conf/a'), 'a=2\n')
  rmSync(at('db/conf'), { recursive: true })

  t.equal((await run('-i', at('inventory.yaml'), '--yes', '--check', '--out', PLAN)).exitCode, 0)
  const { changes } = JSON.parse(text('plan.json')) as { changes: { host: string; task: string }[] }
  t.same(
    changes.map(({ host, task }) => `${host}: ${task}`).sort(),
    [
      'db: copy : DIR/conf/a',
      'db: copy : DIR/conf/secret',
      'db: file : DIR/conf directory',
      'db: lineinfile : DIR/conf/b: b=1',
      'db: restart',
      'web: copy : DIR/conf/a',
      'web: restart',
    ].map((line) => line.replace('DIR', at(line.slice(0, line.indexOf(':'))))),
  )
  t.equal(statSync(PLAN).mode & 0o777, 0o600)
  t.notMatch(text('plan.json'), PASSWORD)

  writeFileSync(at('web/conf/b'), 'b=1\nby hand\n')
  writeFileSync(at('web/conf/a'), 'a=3\n')
  const refused = await run('--apply', PLAN)
  t.equal(refused.exitCode, 2)
  t.match(refused.stderr, /plan\.json: the plan of 20\S+ is outdated; nothing was changed/)
  t.match(refused.stderr, / {2}[-+] web: copy : \S+\/web\/conf\/a: update /)
  t.notMatch(refused.stderr, /db: /)
  t.notOk(existsSync(at('db/conf')))

  writeFileSync(at('web/conf/a'), 'a=2\n')
  t.same(await run('--apply', PLAN), { exitCode: 0, stderr: '' })
  t.same([text('web/conf/a'), text('web/conf/b')], ['a=1\n', 'b=1\nby hand\n'])
  t.same([text('db/conf/a'), text('db/conf/secret'), text('db/conf/b')], ['a=1\n', PASSWORD, 'b=1\n'])
  t.equal(text('log'), 'restarted\nrestarted\n')

  t.equal((await run('--apply', PLAN)).exitCode, 2, 'a plan is applied once')
  mkdirSync(at('other'))
  writeFileSync(PLAN, text('plan.json').replace('"files"', '"other"'))
  t.match((await run('--apply', PLAN)).stderr, /a plan of other\.mjs, not of files\.mjs/)
})
