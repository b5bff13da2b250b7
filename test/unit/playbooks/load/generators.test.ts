import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { generatorProgram } from '../../../../playbooks/load/generators.ts'
import { mergeParts, readPlan, type LoadPart } from '../../../../src/load/index.ts'
import { processes } from '../../../support/processes.ts'
import { startServer } from '../../load/support.ts'

t.test('the bundled generator needs only Node', async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'labbook-generator-'))
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true })
  })
  const program = path.join(dir, 'generator.cjs')
  writeFileSync(program, generatorProgram())
  const start = (plan: unknown) => {
    const child = spawn(process.execPath, [program], { cwd: dir, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(JSON.stringify(plan))
    return child
  }

  await t.test('sends and prints its result', async (t) => {
    const server = await startServer(t, { latency: 10, replicas: 2 })
    const plan = {
      way: 'closed',
      connections: 4,
      seconds: 3,
      reconnectEvery: 5,
      targets: [{ host: server.host, port: server.port }],
      kinds: [{ path: '/' }],
    }
    const part = JSON.parse(await text(start(plan).stdout)) as LoadPart
    t.equal(part.result.ended, 'in time')
    t.ok(part.result.total.requests > 0)
    t.equal(part.counted.all.requests, part.result.total.requests)
    const sum = mergeParts(readPlan(plan), [part])
    t.match(sum, {
      throughput: part.result.throughput,
      replicas: part.result.replicas,
      total: { requests: part.result.total.requests, failures: 0 },
    })
  })

  await t.test('rejects an invalid plan in one line', async (t) => {
    const child = start({ way: 'closed' })
    const [code, stderr] = await Promise.all([
      new Promise((resolve) => child.once('exit', resolve)),
      text(child.stderr),
    ])
    t.equal(code, 1)
    t.match(stderr, /^invalid load: /)
    t.equal(stderr.trim().split('\n').length, 1)
  })

  await t.test('exits when its parent process is gone', async (t) => {
    const server = await startServer(t, { latency: 10 })
    const plan = {
      way: 'closed',
      connections: 1,
      seconds: 300,
      targets: [{ host: server.host, port: server.port }],
      kinds: [{ path: '/' }],
    }
    const shell = spawn(
      'sh',
      ['-c', `"$0" "$1" <<'plan' >/dev/null & echo $!; wait\n${JSON.stringify(plan)}\nplan`, process.execPath, program],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    const pid = Number(
      await new Promise<string>((resolve) =>
        shell.stdout.once('data', (line: Buffer) => {
          resolve(line.toString())
        }),
      ),
    )
    while (!((await server.statistics()).requests['GET /'] ?? 0)) await sleep(50)
    t.ok(processes().some((process) => process.pid === pid))
    shell.kill('SIGKILL')
    for (let waited = 0; processes().some((process) => process.pid === pid); waited += 100) {
      if (waited > 20_000) return t.fail('it still runs')
      await sleep(100)
    }
    t.pass('it exited')
  })
})
