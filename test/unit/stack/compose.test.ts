import t from 'tap'
import { lineOf, readCompose } from '../../../playbooks/swarm/stack/compose.ts'
import { portsOf } from '../../../playbooks/swarm/stack/references.ts'

const read = (text: string, files: readonly string[] = []) =>
  readCompose({ path: 'compose.yaml', text }, (file) => files.includes(file))
const problems = (text: string, files: readonly string[] = []) => read(text, files).problems.map(lineOf)
const warnings = (text: string) => read(text).warnings.map(lineOf)

t.test('a file that a Swarm takes has neither problems nor warnings', async (t) => {
  const { problems, warnings, services, files } = read(
    `
version: "3.8"
x-deploy: &deploy
  restart_policy: { condition: any, delay: 1s }
services:
  web:
    image: nginx:1.27
    ports: ["8080:80", { target: 443, published: 8443, mode: host }]
    environment: [A=1, B]
    healthcheck: { test: [CMD, "true"], interval: 1m30s, retries: 3 }
    networks: { front: { aliases: [www] } }
    configs: [site, { source: site, target: /x, mode: 0440 }]
    deploy:
      <<: *deploy
      replicas: \${REPLICAS:-2}
      resources: { limits: { cpus: "0.5", memory: 64M } }
  db:
    image: postgres
    environment: { PASSWORD_FILE: /run/secrets/password, PORT: 5432 }
    env_file: db.env
    volumes: [data:/var/lib/postgresql, /scratch]
    secrets: [password]
    deploy: { placement: { constraints: [node.labels.db == true] }, endpoint_mode: dnsrr }
networks: { front: { driver: overlay }, other: {} }
volumes: { data: }
configs: { site: { file: ./site.conf, name: site-1 } }
secrets: { password: { external: true } }
`,
    ['./site.conf', 'db.env'],
  )
  t.same(problems.map(lineOf), [])
  t.same(warnings.map(lineOf), [])
  t.same(
    services.map(({ name, image, mode }) => [name, image, mode]),
    [
      ['web', 'nginx:1.27', 'replicated'],
      ['db', 'postgres', 'replicated'],
    ],
  )
  t.same(
    services[0]?.ports.map(({ published, mode }) => [published, mode]),
    [
      [8080, 'ingress'],
      [8443, 'host'],
    ],
  )
  t.same(files, [
    { kind: 'env_file', key: 'db', file: 'db.env' },
    { kind: 'configs', key: 'site', file: './site.conf', name: 'site-1' },
  ])
})

t.test('mistakes of YAML are told with line, column and what to do', async (t) => {
  t.match(problems('services:\n  web:\n\timage: x\n'), [/^compose\.yaml:3:1: tabs are not allowed for indentation/])
  t.match(problems('services:\n  web:\n    image: x\n    image: y\n'), [
    /^compose\.yaml:4:5: duplicate key "image"/,
  ])
  t.match(problems('services:\n  web:\n    image: "x\n'), [/^compose\.yaml:\d+:\d+: .*quote/])
  t.match(problems('services:\n  web: *none\n'), [/^compose\.yaml:2:8: the alias \*none has no anchor/])
})

t.test('a file without services says so', async (t) => {
  t.match(problems(''), [/^compose\.yaml:1:1: there is nothing for a Swarm/])
  t.match(problems('just text'), [/^compose\.yaml:1:1: there is nothing for a Swarm/])
  t.match(problems('version: "3"\n'), [/must be services, each with its name/])
  t.match(problems('services: {}\n'), [/there is no service: add one/])
  t.match(problems('services: [web]\n'), [/must be services, each with its name/])
})

const web = (lines: string) =>
  `services:\n  web:\n    image: x\n${lines
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}\n`

for (const [lines, expected] of [
  ['imge: y', /^compose\.yaml:4:5: "imge" is not a key of a compose file here: did you mean image/],
  ['deploy: {replica: 2}', /^compose\.yaml:4:14: "replica" is not a key .* did you mean replicas\?/],
  ['deploy:\n  update_config:\n    ordr: start-first', /^compose\.yaml:6:9: "ordr" .* did you mean order\?/],
  ['healthcheck:\n  intervall: 1s', /^compose\.yaml:5:7: "intervall" .* did you mean interval\?/],
  ['mem_limit: 64m', /^compose\.yaml:4:5: a stack cannot have "mem_limit": use deploy\.resources\.limits\.memory/],
  ['scale: 3', /a stack cannot have "scale": use deploy\.replicas/],
  ['depends_on: {db: {condition: service_healthy}}', /^compose\.yaml:4:5: a Swarm takes no conditions in "depends_on"/],
  ['deploy: {replicas: two}', /^compose\.yaml:4:24: "replicas": must be a whole number/],
  ['deploy: {replicas: -1}', /must not be negative/],
  ['deploy: {update_config: {order: first}}', /"order": must be start-first or stop-first/],
  ['deploy: {resources: {limits: {cpus: 0.5}}}', /^compose\.yaml:4:41: "cpus": must be text: put it in quotes/],
  ['healthcheck: {interval: 10}', /"interval": must be text|"interval": must be a duration/],
  ['stop_grace_period: soon', /^compose\.yaml:4:24: "stop_grace_period": must be a duration such as 10s/],
  ['environment: {DEBUG: true}', /^compose\.yaml:4:26: "DEBUG": Docker reads this as true or false/],
  ['environment: {DEBUG: yes}', /"DEBUG": Docker reads this as true or false/],
  ['command: [sleep, 60]', /^compose\.yaml:4:22: "1": must be text: put it in quotes/],
  ['ports: {80: 80}', /"ports": must be a list/],
  ['ports: [{target: 80, publish: 80}]', /"publish" is not a key .* did you mean published\?/],
  ['networks: [front]', /^compose\.yaml:4:16: there is no "front" under the top-level "networks": add "front:" there/],
  ['volumes: [data:/d]', /^compose\.yaml:4:15: there is no "data" under the top-level "volumes"/],
  ['volumes: [./data:/d]', /\.\/data is a path of this machine, and the nodes do not have it: for files use "configs"/],
  ['configs: [{source: site}]', /^compose\.yaml:4:24: there is no "site" under the top-level "configs"/],
  ['secrets: [key]', /there is no "key" under the top-level "secrets"/],
  ['env_file: [a.env]', /^compose\.yaml:4:16: there is no file a\.env beside the compose file/],
  ['env_file: ../a.env', /\.\.\/a\.env is outside of the compose file's folder/],
  ['ports: ["80:80", "80:81"]', /^compose\.yaml:4:22: port 80\/tcp is published by web already/],
  [
    'ports: ["80:80"]\ndeploy: {endpoint_mode: dnsrr}',
    /^compose\.yaml:4:13: port 80\/tcp goes by the routing mesh, which needs endpoint_mode vip/,
  ],
] as const) {
  t.test(`refused: ${lines.replaceAll('\n', ' / ')}`, async (t) => {
    const found = problems(web(lines))
    t.equal(found.length, 1, found.join('\n'))
    t.match(found[0], expected)
  })
}

t.test('refused: what stands beside the services', async (t) => {
  const also = (lines: string, files: readonly string[] = []) =>
    problems(`services: {web: {image: x}}\n${lines}\n`, files)
  t.match(also('name: shop'), [
    /^compose\.yaml:2:1: a stack cannot have "name": leave it out and give the stack's name with -e name=/,
  ])
  t.match(also('include: [a.yaml]'), [/a stack cannot have "include"/])
  t.match(also('network: {}'), [/"network" is not a key .* did you mean networks\?/])
  t.match(also('configs: {site: {file: site.conf}}'), [
    /^compose\.yaml:2:24: there is no file site\.conf beside the compose file: make it, or mend its name/,
  ])
  t.match(also('configs: {site: {}}'), [/where does "site" come from\? Give "file: \.\/\.\.\.", or "external: true"/])
  t.match(also('secrets: {key: {file: /etc/key}}', ['/etc/key']), [
    /\/etc\/key is outside of the compose file's folder/,
  ])
  t.match(also('networks: {front: {drivr: overlay}}'), [/"drivr" .* did you mean driver/])
  t.match(problems('services: {web: {build: .}}\n'), [
    /^compose\.yaml:1:12: "web" has no image: name one in "image" that all nodes can pull/,
  ])
  t.match(problems('services: {"we b": {image: x}}\n'), [/this name may have letters/])
})

t.test('what Swarm ignores is told with what to use instead', async (t) => {
  const found = warnings(
    web('build: .\ncontainer_name: w\nrestart: always\ndepends_on: [db]\nprivileged: true\nlinks: [db]'),
  )
  t.match(found, [
    /^compose\.yaml:4:5: Swarm ignores "build": a Swarm builds nothing: build the image, push it/,
    /^compose\.yaml:5:5: Swarm ignores "container_name": leave it out/,
    /^compose\.yaml:6:5: Swarm ignores "restart": use deploy\.restart_policy/,
    /^compose\.yaml:7:5: Swarm ignores "depends_on": Swarm starts all services at once/,
    /^compose\.yaml:8:5: Swarm ignores "privileged"/,
    /^compose\.yaml:9:5: Swarm ignores "links"/,
  ])
  t.equal(found.length, 6)
})

t.test('what is right and surprises all the same is told', async (t) => {
  t.match(warnings(`${web('volumes: [data:/d, /srv:/srv]')}volumes: {data: }\n`), [
    /^compose\.yaml:4:15: the volume "data" is another one on each node: tie the service to one node/,
    /\/srv is a path of the node: it must be there on every node/,
  ])
  t.same(warnings(`${web('volumes: [data:/d]')}volumes: {data: {driver: nfs}}\n`), [], 'another driver may share it')
})

t.test('a port in every form', async (t) => {
  const ports = (value: unknown) =>
    portsOf(value).map(({ published, target, protocol, mode }) => `${published}>${target}/${protocol} ${mode}`)
  t.same(ports('8080:80'), ['8080>80/tcp ingress'])
  t.same(ports('127.0.0.1:53:53/udp'), ['53>53/udp ingress'])
  t.same(ports('8000-8001:80-81'), ['8000>80/tcp ingress', '8001>81/tcp ingress'])
  t.same(ports('80'), [], 'a port of its own choice is known to Docker alone')
  t.same(ports(80), [])
  t.same(ports('${PORT}:80'), [])
  t.same(ports({ target: 80, published: 8080, mode: 'host' }), ['8080>80/tcp host'])
})
