import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import path from 'node:path'
import t, { type Test } from 'tap'

const LABBOOK = path.join(import.meta.dirname, '../../../src/cli/labbook.mjs')

/** A project whose playbook waits for the file `lost`, and then makes `done`. */
const project = (t: Test): string =>
  t.testdir({
    'package.json': '{"version": "1.0.0"}',
    'inventory.yaml': 'all: {hosts: {here: {ansible_connection: local}}}\n',
    'web.ts': `import { play, playbook, shell } from 'labbook'
export default playbook({
  name: 'web',
  description: 'x',
  steps: [
    play('Write', { hosts: 'all' }, () => [
      shell('Wait', { cmd: 'until [ -e ' + process.env.LOST + ' ]; do sleep 0.1; done' }),
      shell('Show', { cmd: 'true' }),
      shell('Sleep', { cmd: 'sleep 1' }),
      shell('Done', { cmd: 'touch ' + process.env.DONE }),
    ]),
  ],
})
`,
  })

/** Runs the playbook until it ends; its output is closed after it has begun, or is a file on a full disk. */
async function runWithoutOutput(t: Test, kind: 'closed' | 'full', ...options: string[]) {
  const directory = project(t)
  const [lost, done] = [path.join(directory, 'lost'), path.join(directory, 'done')]
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [LABBOOK, 'run', 'web.ts', '--yes', ...options], {
    cwd: directory,
    env: { ...process.env, LOST: lost, DONE: done },
    stdio: ['ignore', kind === 'full' ? full : 'pipe', 'pipe'],
  })
  closeSync(full)
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  if (child.stdout === null) writeFileSync(lost, '')
  else {
    await once(child.stdout, 'data')
    child.stdout.destroy()
    writeFileSync(lost, '')
  }
  const [exitCode] = (await once(child, 'close')) as [number | null]
  const events = path.join(directory, 'runs/latest/events.jsonl')
  return {
    exitCode,
    stderr,
    isDone: existsSync(done),
    hasEnd: existsSync(events) && readFileSync(events, 'utf8').includes('"type":"run_end"'),
  }
}

t.test('a run whose output is lost continues, and says so once', async (t) => {
  for (const [kind, code, ...options] of [
    ['closed', 'EPIPE', '--json'],
    ['full', 'ENOSPC'],
  ] as const) {
    const run = await runWithoutOutput(t, kind, ...options)
    t.match(run, { exitCode: 1, isDone: true, hasEnd: true }, kind)
    t.match(
      run.stderr,
      new RegExp(`^cannot write to stdout: .*${code}.*; the run continues, and is recorded in runs/\n$`),
      kind,
    )
  }
})
