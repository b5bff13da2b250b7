import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { generatorProgram, runShardedLoad } from '../../playbooks/load/generators.ts'
import { experiment } from '../../src/labbook.ts'
import type { LoadResult, PlanInput } from '../../src/load/index.ts'
import { connectTo, runSteps } from '../support/play-run.ts'
import { startSshd } from '../support/sshd.ts'
import { startServer } from '../unit/load/support.ts'

/* Two hosts of group `loadgen`: connections to one sshd, with Node and the load generator. */

const sshd = await startSshd()
const folder = mkdtempSync(path.join(tmpdir(), 'labbook-loadgen-'))
const program = path.join(folder, 'generator.cjs')
writeFileSync(program, generatorProgram())
t.teardown(async () => {
  await sshd.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function put(plan: PlanInput, at = program): Promise<{ result?: LoadResult; failed?: string }> {
  let came: { result?: LoadResult; failed?: string } = {}
  await runSteps(
    [
      experiment('load', { hosts: 'all', disturbs: false, assertions: {} }, async (on) => {
        try {
          came = {
            result: await runShardedLoad({ ...on, groups: { ...on.groups, loadgen: ['a', 'b'] } }, plan, {
              program: at,
            }),
          }
        } catch (error) {
          came = { failed: (error as Error).message }
        }
      }),
    ],
    { hosts: ['a', 'b'], connect: connectTo(sshd) },
  )
  return came
}

t.test('each host generates its share of the load, and the results are merged', async (t) => {
  const server = await startServer(t, { latency: 20, replicas: 2 })
  const { result, failed } = await put({
    way: 'closed',
    connections: 5,
    reconnectEvery: 5,
    seconds: 3,
    targets: [{ host: server.host, port: server.port }],
    kinds: [{ path: '/' }],
  })
  t.equal(failed, undefined)
  const { requests } = await server.statistics()
  t.match(result, { ended: 'in time', plan: { connections: 5 }, total: { failures: 0 } })
  const counted = result?.total.requests ?? 0
  t.ok(
    counted > 0 && counted <= (requests['GET /'] ?? 0),
    `${counted} counted, ${requests['GET /']} seen by the server`,
  )
  t.same(Object.keys(result?.replicas ?? {}), ['r0', 'r1'])
})

t.test('a host without the load generator is named in the error', async (t) => {
  const { failed } = await put(
    { way: 'closed', connections: 2, seconds: 1, targets: [{ host: '127.0.0.1', port: 9 }], kinds: [{ path: '/' }] },
    path.join(folder, 'none.cjs'),
  )
  t.match(failed, /^the load generator on [ab] failed: /)
})

t.test('the load generator runs before the other processes of its host, if the host allows that', async (t) => {
  const policyOf = path.join(folder, 'policy.cjs')
  // The 41st field is the scheduling policy; 2 is SCHED_RR (proc_pid_stat(5)).
  writeFileSync(
    policyOf,
    `const stat = require('node:fs').readFileSync('/proc/self/stat', 'utf8')
     process.stderr.write('policy ' + stat.slice(stat.lastIndexOf(')')).split(' ')[39])
     process.exit(1)`,
  )
  const { failed } = await put(
    { way: 'closed', connections: 2, seconds: 1, targets: [{ host: '127.0.0.1', port: 9 }], kinds: [{ path: '/' }] },
    policyOf,
  )
  const allowed = spawnSync('chrt', ['--rr', '1', 'true']).status === 0
  t.match(failed, new RegExp(`: policy ${allowed ? 2 : 0} \\(`))
})
