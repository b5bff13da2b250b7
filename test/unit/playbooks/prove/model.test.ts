import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { ROOT } from '../../../../playbooks/app/images/table.ts'
import { composeData, modelOfCompose } from '../../../../playbooks/prove/from-compose.ts'
import type { StackModel } from '../../../../playbooks/prove/model.ts'
import { describeProbe } from '../../../../playbooks/methods/entry-point.ts'
import { messageText } from '../../../../src/labbook.ts'

/** Configs are read from `directory`. */
const modelOf = (text: string, directory?: string): StackModel =>
  modelOfCompose(composeData(text), (name) =>
    directory === undefined ? undefined : readFileSync(path.join(directory, name), 'utf8'),
  )

/** `web stateless (2 replicas, no volume) -> db`. */
const roles = (text: string, directory?: string): string[] =>
  modelOf(text, directory).services.map(
    ({ name, role, roleReason, dependencies }) =>
      `${name} ${role} (${messageText(roleReason)})${dependencies.length === 0 ? '' : ` -> ${dependencies.join(', ')}`}`,
  )

/** `8080 web ingress: GET / (status below 500) (guess)`. */
const entries = (text: string): string[] =>
  modelOf(text).entryPoints.map(
    ({ port, service, mode, probes, reason }) =>
      `${port} ${service} ${mode}: ${probes.map(describeProbe).join('; ')} (${messageText(reason)})`,
  )

/** The stack file of Docker's sample, with the images that it names. */
const DOCKER_SAMPLE = `
services:
  redis:
    image: redis:alpine
    networks: [frontend]
  db:
    image: postgres:15-alpine
    environment: {POSTGRES_USER: postgres, POSTGRES_PASSWORD: postgres}
    volumes: [db-data:/var/lib/postgresql/data]
    networks: [backend]
  vote:
    image: dockersamples/examplevotingapp_vote
    ports: ['5000:80']
    networks: [frontend]
    deploy: {replicas: 2}
  result:
    image: dockersamples/examplevotingapp_result
    ports: ['5001:80']
    networks: [backend]
  worker:
    image: dockersamples/examplevotingapp_worker
    networks: [frontend, backend]
    deploy: {replicas: 2}
networks: {frontend: {}, backend: {}}
volumes: {db-data: {}}
`

t.test("Docker's voting sample", async (t) => {
  t.same(roles(DOCKER_SAMPLE), [
    'redis stateful (image of a database)',
    'db stateful (volume db-data)',
    'vote stateless (2 replicas, no volume)',
    'result stateless (1 replica, no volume)',
    'worker stateless (2 replicas, no volume)',
  ])
  t.same(entries(DOCKER_SAMPLE), [
    '5000 vote ingress: GET / (status below 500) (guess)',
    '5001 result ingress: GET / (status below 500) (guess)',
  ])
})

t.test('voting app of this project', async (t) => {
  const text = readFileSync(path.join(ROOT, 'examples/voting/compose.yaml'), 'utf8')
  t.same(roles(text, path.join(ROOT, 'examples/voting')), [
    'vote stateless (2 replicas, no volume)',
    'result stateless (2 replicas, no volume)',
    'worker stateless (1 replica, no volume)',
    'redis stateful (volume redis-data)',
    'db stateful (volume db-data)',
    'front global (mode global) -> vote, result',
  ])
  t.same(entries(text), ['8091 front host: GET /vote/ (status 200); GET /result/ (status 200) (x-labbook)'])
})

t.test('two Flask apps behind nginx', async (t) => {
  const text = `
services:
  proxy:
    image: nginx:1.27
    ports: [{target: 80, published: 8080, mode: host}]
    command: [proxy, --to, 'http://app1:5000/', 'http://app2:5000/']
    deploy: {mode: global}
  app1: &app
    image: example/flask
    environment: {DATABASE_URL: 'postgresql://app:pw@db:5432/app'}
    healthcheck: {test: curl -f http://localhost:5000/healthz}
    deploy: {replicas: 3}
  app2: *app
  db: {image: 'registry:5000/library/postgres:16@sha256:0', volumes: [{type: volume, source: data, target: /d}]}
volumes: {data: {}}
`
  t.same(roles(text), [
    'proxy global (mode global) -> app1, app2',
    'app1 stateless (3 replicas, no volume) -> db',
    'app2 stateless (3 replicas, no volume) -> db',
    'db stateful (volume data)',
  ])
  t.same(entries(text), ['8080 proxy host: GET / (status below 500) (guess)'])
})

t.test("a doctor's office", async (t) => {
  const text = `
services:
  web:
    image: office/web
    ports: ['80:8080', '8443:8443', '514:514/udp']
    depends_on: [api]
    healthcheck: {test: [CMD-SHELL, 'wget -q --spider http://127.0.0.1:8080/ready || exit 1']}
  api:
    image: office/api
    depends_on: {patients: {condition: service_started}}
    environment: [MONGO_HOST=patients, QUEUE=amqp://queue:5672]
  patients: {image: mongo:7}
  queue: {image: rabbitmq:3-management}
  migrate:
    image: office/api
    command: migrate --host patients:27017
    deploy: {restart_policy: {condition: none}}
  report:
    image: office/report
    deploy: {mode: replicated-job}
  agent:
    image: prom/node-exporter
    volumes: ['/proc:/host/proc:ro', '/var/run/docker.sock:/var/run/docker.sock', '/:/rootfs:ro']
    deploy: {mode: global}
`
  t.same(roles(text), [
    'web stateless (1 replica, no volume) -> api',
    'api stateless (1 replica, no volume) -> patients, queue',
    'patients stateful (image of a database)',
    'queue stateful (image of a database)',
    'migrate one-shot (restart_policy none, and no service uses it) -> patients',
    'report one-shot (mode replicated-job)',
    'agent global (mode global)',
  ])
  t.same(entries(text), [
    '80 web ingress: GET /ready (status below 500) (path of the health check)',
    '8443 web ingress: TCP connection (port 8443 is not HTTP)',
  ])
})

t.test('a server without a restart policy is not one-shot', async (t) => {
  const policy = 'deploy: {restart_policy: {condition: none}}'
  const text = `
services:
  front: {image: nginx, ports: ['80:80'], ${policy}}
  api: {image: api, ${policy}}
  web: {image: web, environment: {API_URL: 'http://api:80'}}
`
  t.match(roles(text).slice(0, 2), [/^front stateless/, /^api stateless/])
})

t.test('databases are pinged in their own protocol', async (t) => {
  const text = `
services:
  a: {image: redis:7, ports: ['6379:6379']}
  b: {image: mariadb, ports: ['3306:3306']}
  c: {image: postgis/postgis:16, ports: ['5432:5432']}
  d: {image: mongo, ports: ['27017:27017']}
  e: {image: my-redis-exporter, ports: ['9121:9121']}
`
  t.same(entries(text), [
    '6379 a ingress: redis ping (image redis)',
    '3306 b ingress: mysql ping (image mysql)',
    '5432 c ingress: postgres ping (image postgres)',
    '27017 d ingress: TCP connection (port 27017 is not HTTP)',
    '9121 e ingress: GET / (status below 500) (guess)',
  ])
})

t.test('a name in a value is a dependency only where it is a host', async (t) => {
  const using = (entry: string): string =>
    roles(`services: {db: {image: x}, web: {image: y, environment: [${JSON.stringify(entry)}]}}`)[1] ?? ''
  const isUsed = (entry: string): boolean => using(entry).endsWith('-> db')
  for (const entry of [
    'DB_HOST=db',
    'URL=postgres://u:p@db/x',
    'NODES=other,db',
    'A=db:5432',
    'A=http://db/',
    'A=x db:1',
    'UPSTREAM=tasks.db:80',
  ])
    t.equal(isUsed(entry), true, entry)
  for (const entry of ['DB_NAME=db', 'A=my-db:1', 'A=db.sqlite', 'A=/data/db', 'A=http://x/db', 'A=db://x', 'HOST=dbs'])
    t.equal(isUsed(entry), false, entry)
})

t.test('mounts that keep data', async (t) => {
  const isStateful = (volume: string): boolean =>
    roles(`services: {web: {image: x, volumes: [${volume}]}}`)[0]?.startsWith('web stateful') === true
  for (const volume of ['data:/d', './data:/d', '/srv/data:/d', '/d', '{type: bind, source: /srv, target: /d}'])
    t.equal(isStateful(volume), true, volume)
  for (const volume of [
    'data:/d:ro',
    '/var/run/docker.sock:/s',
    '/etc/localtime:/etc/localtime',
    '{type: tmpfs, target: /tmp}',
    '{type: volume, source: site, target: /d, read_only: true}',
  ])
    t.equal(isStateful(volume), false, volume)
})

t.test('x-labbook overrides what is derived', async (t) => {
  const text = `
services:
  web:
    image: redis
    ports: ['80:8000', '81:8001']
    x-labbook:
      role: stateless
      probe: [{get: /api, expect: 204, port: 8000, counter: {post: /api/add, count: n}}, {tcp: true, port: 81}]
      depends_on: [api]
      skip: [hang]
      max_outage: 10
  api: {image: api, environment: {URL: 'http://web:80'}, x-labbook: {depends_on: []}}
`
  t.same(roles(text), ['web stateless (x-labbook) -> api', 'api stateless (1 replica, no volume)'])
  t.same(entries(text), [
    '80 web ingress: GET /api (status 204), POST /api/add (x-labbook)',
    '81 web ingress: TCP connection (x-labbook)',
  ])
  t.match(modelOf(text).services[0]?.overrides, { skip: ['hang'], maxOutage: 10 })
})
