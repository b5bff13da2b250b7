import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { migrationTasks, switchScript } from '../../../../playbooks/redis/switch.ts'
import { TOPOLOGIES } from '../../../../playbooks/redis/vars.ts'
import { register, secret, type Secret } from '../../../../src/labbook.ts'

const PAIRS = TOPOLOGIES.flatMap((from) => TOPOLOGIES.filter((to) => to !== from).map((to) => [from, to] as const))

/** A fake `docker` that logs its arguments and has a counter service that stops when scaled to 0. */
function fakeDocker(dir: string): { log: string; env: NodeJS.ProcessEnv } {
  const log = path.join(dir, 'log')
  mkdirSync(path.join(dir, 'bin'))
  writeFileSync(
    path.join(dir, 'bin/docker'),
    `#!/bin/sh
printf '%s\\n' "$*" >>${log}
case "$*" in
  *redis-admin.sh*) [ "$(cat)" = 'pass word' ] || { echo "no password for: $*" >>${log}; exit 9; } ;;
  'service ps counter_counter '*) if [ -e ${dir}/stopped ]; then echo 'counter_counter.1 on node1: Shutdown 1 second ago'; else touch ${dir}/stopped; echo 'counter_counter.1 on node1: Running 1 second ago'; fi ;;
  'service ls '*sentinel*) echo counter_sentinel-2 ;;
  'service ps counter_sentinel-2 '*) if [ -e ${dir}/gone ]; then echo 'Shutdown 1 second ago'; else touch ${dir}/gone; echo 'Running 1 second ago'; fi ;;
esac
[ -z "$FAIL_AT" ] || ! printf '%s' "$*" | grep -q -e "$FAIL_AT"
`,
  )
  chmodSync(path.join(dir, 'bin/docker'), 0o755)
  return { log, env: { PATH: `${dir}/bin:${process.env.PATH ?? ''}`, FAIL_AT: '' } }
}

for (const shell of [['dash'], ['busybox', 'sh']]) {
  t.test(
    `${shell.join(' ')}: every switch stops writes before it copies data, and passes the password only on stdin`,
    async (t) => {
      for (const [from, to] of PAIRS) {
        const { log, env } = fakeDocker(t.testdir({}))
        const [program = '', ...args] = shell
        const { status, stderr } = spawnSync(program, [...args, '-c', switchScript('redis:1', from, to)], {
          env,
          input: 'pass word\n',
          encoding: 'utf8',
        })
        t.equal(status, 0, `${from} to ${to}: ${stderr}`)
        const lines = readFileSync(log, 'utf8').trim().split('\n')
        const at = (what: RegExp): number => lines.findIndex((line) => what.test(line))
        t.equal(at(/scale --detach counter_counter=0/), 1, `${from} to ${to}: the counter is scaled to 0 first`)
        const stopped = lines.findLastIndex((line) => line.startsWith('service ps counter_counter'))
        t.ok(
          [at(/stack deploy/), at(/redis-admin/)].every((first) => first === -1 || first > stopped),
          `${from} to ${to}: the counter has stopped before the next step`,
        )
        t.notOk(
          lines.some((line) => /pass word|no password/.test(line)),
          `${from} to ${to}`,
        )
        const cluster = from === 'cluster' || to === 'cluster'
        t.equal(at(/redis-admin.sh copy/) !== -1, cluster, `${from} to ${to}`)
        if (cluster) {
          t.match(
            lines.at(-1),
            from === 'cluster' ? /copy cluster server$/ : /copy server cluster$/,
            `${from} to ${to}: the copy is the last step`,
          )
          t.ok(
            at(new RegExp(`/${from}.yml`)) < at(new RegExp(`/${to}.yml`)),
            `${from} to ${to}: both topologies are deployed`,
          )
          t.notOk(
            lines.some((line) => line.includes('--prune')),
            `${from} to ${to}: neither topology is pruned`,
          )
        }
        if (from === 'sentinel' && !cluster) t.match(lines.at(-1), /redis-admin.sh promote redis$/, `${from} to ${to}`)
        const single = to === 'single' || to === 'replicas'
        if (single && (from === 'sentinel' || from === 'cluster')) {
          const quiet = lines.findLastIndex((line) => line.startsWith('service ps counter_sentinel-2'))
          t.ok(
            quiet > at(/scale --detach counter_sentinel-2=0/),
            `${from} to ${to}: Sentinels are scaled to 0 and have stopped`,
          )
          t.ok(
            quiet < at(from === 'cluster' ? new RegExp(`/${to}.yml`) : /promote/),
            `${from} to ${to}: no master is promoted before the Sentinels have stopped`,
          )
        }
        if (from === 'single' && to === 'sentinel')
          t.ok(
            at(/single.yml/) < at(/replicas.yml/) && at(/replicas.yml/) < at(/wait replicas/),
            `${from} to ${to}: all servers have the data before the election`,
          )
      }
    },
  )
}

t.test('switch stops at a failing step', async (t) => {
  for (const [from, to] of PAIRS.filter(([from, to]) => from === 'cluster' || to === 'cluster')) {
    for (const step of [
      `/${from}.yml`,
      `/${to}.yml`,
      'redis-admin.sh form',
      'redis-admin.sh wait',
      'redis-admin.sh copy',
    ]) {
      // The app has stopped already, so that the test does not wait for it.
      const { log, env } = fakeDocker(t.testdir({ stopped: '' }))
      const { status } = spawnSync('dash', ['-c', switchScript('redis:1', from, to)], {
        env: { ...env, FAIL_AT: step },
        input: 'pass word\n',
      })
      t.not(status, 0, `${from} to ${to}: ${step}`)
      t.match(
        readFileSync(log, 'utf8').trim().split('\n').at(-1),
        step,
        `${from} to ${to}, failing step ${step}: no step after it`,
      )
    }
  }
})

t.test('switch changes nothing if docker service ps fails', async (t) => {
  for (const [from, to] of PAIRS) {
    const { log, env } = fakeDocker(t.testdir({}))
    const { status } = spawnSync('dash', ['-c', switchScript('redis:1', from, to)], {
      env: { ...env, FAIL_AT: 'service ps counter_counter' },
      input: 'pass word\n',
    })
    t.not(status, 0, `${from} to ${to}`)
    t.notMatch(readFileSync(log, 'utf8'), /deploy|redis-admin/, `${from} to ${to}`)
  }
})

t.test('record gets the next number before older records are removed', async (t) => {
  const dir = t.testdir({
    configs: { 'counter-redis.9.single': '', 'counter-redis.10.sentinel': '', other: '' },
    bin: {},
  })
  writeFileSync(
    path.join(dir, 'bin/docker'),
    `#!/bin/sh
cd ${dir}/configs
case "$1 $2" in
  'config ls') ls | grep counter-redis || true ;;
  'config create') [ ! -e "$FAIL" ] && cat >"$3" ;;
  'config rm') shift 2; rm -- "$@" ;;
esac
`,
  )
  chmodSync(path.join(dir, 'bin/docker'), 0o755)
  const tasks = migrationTasks({
    to: 'cluster',
    possible: TOPOLOGIES,
    image: register<string>('image'),
    password: register<Secret>('password').map(() => secret('x')),
  })
  t.equal(tasks.length, 6, 'check, record of the detected topology, one migration per other topology, and record')
  const { status } = spawnSync('dash', ['-c', String(tasks.at(-1)?.params.cmd)], {
    env: { PATH: `${dir}/bin:${process.env.PATH ?? ''}`, FAIL: '/nonexistent' },
  })
  t.equal(status, 0)
  t.ok(existsSync(path.join(dir, 'configs/counter-redis.11.cluster')))
  for (const old of ['9.single', '10.sentinel'])
    t.notOk(existsSync(path.join(dir, `configs/counter-redis.${old}`)), `record ${old}`)
  const failed = spawnSync('dash', ['-c', String(tasks.at(-1)?.params.cmd)], {
    env: { PATH: `${dir}/bin:${process.env.PATH ?? ''}`, FAIL: dir },
  })
  t.not(failed.status, 0)
  t.ok(
    existsSync(path.join(dir, 'configs/counter-redis.11.cluster')),
    'the old record stays if the new one cannot be created',
  )
})
