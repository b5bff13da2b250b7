import { spawnSync } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import t from 'tap'
import {
  parseConnections,
  CONNECT_SCRIPT,
  compareSettings,
  policyHolds,
} from '../../../../playbooks/k3s/experiments/pod-config.ts'

t.test('a connection is open, refused or untested', async (t) => {
  const server = createServer((socket) => {
    socket.destroy()
  })
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port)
    }),
  )
  t.teardown(() => {
    server.close()
  })
  const { status, stdout } = spawnSync('python3', ['-c', CONNECT_SCRIPT, `127.0.0.1:${port}`, '127.0.0.2:1'], {
    encoding: 'utf8',
  })
  t.equal(status, 0)
  t.strictSame(parseConnections(stdout), { [`127.0.0.1:${port}`]: true, '127.0.0.2:1': false })
  t.strictSame(parseConnections('error: unable to upgrade connection: container not found ("counter")\n'), {})
})

t.test('a network policy holds if Redis is reached and the API is not', async (t) => {
  const said = (redis: string, api: string): string =>
    `redis:6379 ${redis}\nkubernetes.default:443 ${api}\n10.42.1.7:8080 reached\n`
  const refused = 'not reached: [Errno 111] Connection refused'
  t.equal(policyHolds(said('reached', refused)), true, 'pods of the app may reach each other')
  t.equal(policyHolds(said('reached', 'reached')), false)
  t.equal(policyHolds(said(refused, refused)), false)
  t.equal(policyHolds('error: unable to upgrade connection'), null)
})

t.test('settings of a pod are equal, different or unknown', async (t) => {
  const map = JSON.stringify({ REDIS_HOST: 'redis', LOG_LEVEL: 'INFO' })
  const said = (level: string, variables: string): string =>
    `HOSTNAME=counter-1\nREDIS_HOST=redis\nLOG_LEVEL=${level}\npassword-file 440\npassword-variables ${variables}\n`
  t.strictSame(compareSettings(map, said('INFO', '0')), { settings: 2, other: [], mode: '440', variables: 0 })
  t.strictSame(compareSettings(map, said('DEBUG', '1')), {
    settings: 2,
    other: ['LOG_LEVEL'],
    mode: '440',
    variables: 1,
  })
  t.strictSame(compareSettings(map, ''), {
    settings: 2,
    other: ['REDIS_HOST', 'LOG_LEVEL'],
    mode: '',
    variables: Number.NaN,
  })
  t.match(compareSettings('Error from server (NotFound)', said('INFO', '0')), { settings: 0, other: [] })
})
