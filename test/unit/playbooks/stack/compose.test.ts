import t from 'tap'
import { formatProblem, readCompose } from '../../../../playbooks/stack/compose.ts'
import { portsOf } from '../../../../playbooks/stack/references.ts'
import { composeContext } from './compose-context.ts'

type Files = Readonly<Record<string, Buffer | string>>

const read = (text: string, files: Files = {}, values: Readonly<Record<string, string>> = {}) =>
  readCompose({ path: 'compose.yaml', text }, composeContext({ values, files: (name) => files[name] }))
const problems = (text: string, files: Files = {}) => read(text, files).problems.map(formatProblem)
const warnings = (text: string, files: Files = {}) => read(text, files).warnings.map(formatProblem)

t.test('valid compose file has neither problems nor warnings', async (t) => {
  const { problems, warnings, services, files } = read(
    `
version: "3.8"
x-deploy: &deploy
  restart_policy: { condition: any, delay: 1s }
services:
  web:
    image: nginx:1.27
    ports: ["8080:80", { target: 443, published: 8443, mode: host }]
    environment: [A=1, B=]
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
    { './site.conf': 'a', 'db.env': 'A=1\n' },
  )
  t.same(problems.map(formatProblem), [])
  t.same(warnings.map(formatProblem), [])
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

t.test('YAML errors have line, column and a fix', async (t) => {
  t.match(problems('services:\n  web:\n\timage: x\n'), [/^compose\.yaml:3:1: tabs are not allowed for indentation/])
  t.match(problems('services:\n  web:\n    image: x\n    image: y\n'), [/^compose\.yaml:4:5: duplicate key "image"/])
  t.match(problems('services:\n  web:\n    image: "x\n'), [/^compose\.yaml:\d+:\d+: .*quote/])
  t.match(problems('services:\n  web: *none\n'), [/^compose\.yaml:2:8: the alias \*none has no anchor/])
})

t.test('file without services is rejected', async (t) => {
  t.match(problems(''), [/^compose\.yaml:1:1: the file defines no services/])
  t.match(problems('just text'), [/^compose\.yaml:1:1: the file defines no services/])
  t.match(problems('version: "3"\n'), [/must be a map of services/])
  t.match(problems('services: {}\n'), [/no service defined: add one/])
  t.match(problems('services: [web]\n'), [/must be a map of services/])
})

const web = (lines: string) =>
  `services:\n  web:\n    image: x\n${lines
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}\n`

for (const [lines, expected] of [
  ['imge: y', /^compose\.yaml:4:5: unknown key "imge": did you mean image/],
  ['deploy: {replica: 2}', /^compose\.yaml:4:14: unknown key "replica": did you mean replicas\?/],
  ['deploy:\n  update_config:\n    ordr: start-first', /^compose\.yaml:6:9: unknown key "ordr": did you mean order\?/],
  ['healthcheck:\n  intervall: 1s', /^compose\.yaml:5:7: unknown key "intervall": did you mean interval\?/],
  ['mem_limit: 64m', /^compose\.yaml:4:5: Swarm does not support "mem_limit": use deploy\.resources\.limits\.memory/],
  ['scale: 3', /Swarm does not support "scale": use deploy\.replicas/],
  [
    'depends_on: {db: {condition: service_healthy}}',
    /^compose\.yaml:4:5: Swarm does not support conditions in "depends_on"/,
  ],
  ['deploy: {replicas: two}', /^compose\.yaml:4:24: "replicas": must be a whole number/],
  ['deploy: {replicas: -1}', /must not be negative/],
  ['deploy: {update_config: {order: first}}', /"order": must be start-first or stop-first/],
  ['deploy: {resources: {limits: {cpus: 0.5}}}', /^compose\.yaml:4:41: "cpus": must be text: put it in quotes/],
  ['healthcheck: {interval: 10}', /"interval": must be text|"interval": must be a duration/],
  ['stop_grace_period: soon', /^compose\.yaml:4:24: "stop_grace_period": must be a duration such as 10s/],
  ['environment: {DEBUG: true}', /^compose\.yaml:4:26: "DEBUG": Docker reads this as a boolean/],
  ['environment: {DEBUG: yes}', /"DEBUG": Docker reads this as a boolean/],
  ['command: [sleep, 60]', /^compose\.yaml:4:22: "1": must be text: put it in quotes/],
  ['ports: {80: 80}', /"ports": must be a list/],
  ['ports: [{target: 80, publish: 80}]', /unknown key "publish": did you mean published\?/],
  [
    'networks: [front]',
    /^compose\.yaml:4:16: "front" is not declared under the top-level "networks": add "front:" there/,
  ],
  ['volumes: [data:/d]', /^compose\.yaml:4:15: "data" is not declared under the top-level "volumes"/],
  ['volumes: [./data:/d]', /\.\/data is a path on this machine, not on the nodes: use "configs" for files/],
  ['configs: [{source: site}]', /^compose\.yaml:4:24: "site" is not declared under the top-level "configs"/],
  ['secrets: [key]', /"key" is not declared under the top-level "secrets"/],
  ['env_file: [a.env]', /^compose\.yaml:4:16: file a\.env not found in the compose file's directory/],
  ['env_file: ../a.env', /\.\.\/a\.env is outside the compose file's directory/],
  ['ports: ["80:80", "80:81"]', /^compose\.yaml:4:22: port 80\/tcp is already published by service "web"/],
  [
    'ports: ["80:80"]\ndeploy: {endpoint_mode: dnsrr}',
    /^compose\.yaml:4:13: port 80\/tcp uses the routing mesh, which needs endpoint_mode vip/,
  ],
] as const) {
  t.test(`rejects: ${lines.replaceAll('\n', ' / ')}`, async (t) => {
    const messages = problems(web(lines))
    t.equal(messages.length, 1, messages.join('\n'))
    t.match(messages[0], expected)
  })
}

for (const [lines, expected] of [
  ['ports: ["127.0.0.1:8080:80"]', /^compose\.yaml:4:13: Swarm cannot publish a port on 127\.0\.0\.1 only/],
  ['ports: ["[::1]:8080:80/udp"]', /Swarm cannot publish a port on \[::1\] only/],
  ['ports: ["127.0.0.1::80"]', /Swarm cannot publish a port on 127\.0\.0\.1 only/],
  [
    'deploy: {placement: {constraints: [node.role = manager]}}',
    /^compose\.yaml:4:40: constraint "node\.role = manager" has neither == nor !=/,
  ],
  ['deploy: {placement: {constraints: ["node role == manager"]}}', /has an invalid key/],
  ['deploy: {placement: {constraints: ["node.role == a,b"]}}', /has an invalid value/],
  ['deploy: {resources: {limits: {memory: 2M}}}', /"memory": must be at least 4M/],
  ['deploy: {resources: {limits: {memory: lots}}}', /"memory": must be a size such as 64M/],
  ['deploy: {resources: {reservations: {cpus: "0.0001"}}}', /"cpus": must be at least 0\.001/],
  ['volumes: [/a, "/b:/a"]', /another volume is mounted on \/a/],
  ['image: "Nginx:1"', /duplicate key/],
  ['networks: {default: {ipv4_adress: 10.0.0.1}}', /unknown key "ipv4_adress": did you mean ipv4_address/],
  ['ports: [{target: 80, published: 80, mode: host}, {target: 81, published: 80, mode: host}]', /already published/],
] as const) {
  t.test(`rejects what only a daemon rejects: ${lines}`, async (t) => {
    const messages = problems(web(lines))
    t.equal(messages.length, 1, messages.join('; '))
    t.match(messages[0], expected)
  })
}

t.test('networks, names and contents that a daemon rejects', async (t) => {
  const more = (lines: string) => `${web('networks: [default]')}${lines}\n`
  t.match(problems(more('networks: {front: {driver: bridge}}')), [
    /^compose\.yaml:5:28: services cannot use a network with driver "bridge", which exists on one node only/,
  ])
  t.same(problems(more('networks: {front: {driver: overlay}, host: {external: true, name: host}}')), [])
  t.match(problems('services: {a.b: {image: x}}\n'), [/service name "shop_a\.b" is not valid/])
  t.match(problems(`services: {${'a'.repeat(60)}: {image: x}}\n`), [/has more than 63 characters/])
  t.match(problems('services: {a: {image: "Nginx:1"}}\n'), [/^compose\.yaml:1:23: invalid image name "Nginx:1"/])
  for (const image of ['nginx', 'a/b:1.2', 'r:5000/a/b_c@sha256:'.concat('a'.repeat(64)), '[::1]:5000/a:T', 'Host.X/a'])
    t.same(problems(`services: {a: {image: "${image}"}}\n`), [], image)
  const file = (kind: string, size: number) =>
    problems(more(`${kind}: {a: {file: a}}`), { a: Buffer.alloc(size) }).map((problem) => problem.replace(/^.*?: /, ''))
  t.match(file('configs', 0), [/^a is empty, and Swarm refuses an empty config/])
  t.match(file('secrets', 0), [/^a is empty, and Swarm refuses an empty secret/])
  t.match(file('secrets', 512_000), [/^a has 512000 bytes, and Swarm refuses a secret of 500 KiB or more/])
  t.same(file('secrets', 511_999), [])
  t.match(file('configs', 1_024_000), [/^a has 1024000 bytes, and Swarm refuses a config of 1000 KiB or more/])
  t.same(file('configs', 1_023_999), [])
  t.match(problems(more('configs: {a: {file: a, name: "a b"}}'), { a: 'a' }), [/"name": use letters, digits/])
})

t.test('two services may publish a port of their nodes', async (t) => {
  const two = (deploy: string, mode = 'host') =>
    ['a', 'b']
      .map((name) => `  ${name}: {image: x, ports: [{target: 80, published: 80, mode: ${mode}}], deploy: ${deploy}}\n`)
      .join('')
  const pinned = '{placement: {constraints: [node.labels.a == b]}}'
  t.same(problems(`services:\n${two(pinned)}`), [])
  t.same(warnings(`services:\n${two(pinned)}`), [])
  t.same(problems(`services:\n${two('{}')}`), [])
  t.match(warnings(`services:\n${two('{}')}`), [
    /^compose\.yaml:3:25: service "a" publishes port 80\/tcp of its nodes, too: pin both to different nodes/,
  ])
  t.match(problems(`services:\n${two(pinned, 'ingress')}`), [/already published by service "a"/])
})

t.test('env files are checked as Docker reads them', async (t) => {
  const env = (content: Buffer | string, values = {}) => {
    const { problems, warnings } = read(web('env_file: a.env'), { 'a.env': content }, values)
    return [problems, warnings].map((messages) => messages.map(({ message }) => message))
  }
  t.same(env('# c\n\n A=1\nB=a b # x\r\nC=\n'), [[], []])
  t.same(env(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('A=\u00e9\n')])), [[], []])
  t.match(env(Buffer.from('A=1\nB=\xe9\n', 'latin1')), [[/^line 2 of a\.env is not UTF-8, which Docker refuses/], []])
  t.match(env('A=a\0b\n'), [[/^line 1 of a\.env contains a NUL character/], []])
  t.match(env('=1'), [[/has no name before "="/], []])
  t.match(env('A B=1'), [[/has a space in the name/], []])
  t.match(env(`A=${'x'.repeat(65_536)}`), [[/longer than Docker reads/], []])
  t.match(env('A\n'), [[], [/^line 1 of a\.env: A has no value: write A=VALUE, or remove it/]])
  t.match(env('A\n', { A: '1' }), [[/: to set it with -e A=\.\.\., add it to "environment" instead/], []])
})

t.test('what Swarm ignores is a warning', async (t) => {
  t.match(warnings(web('tmpfs: /run')), [/^compose\.yaml:4:5: Swarm ignores "tmpfs": use a long mount/])
  t.match(warnings(`${web('networks: {front: {ipv4_address: 10.0.0.1}}')}networks: {front: }\n`), [
    /^compose\.yaml:4:24: Swarm ignores "ipv4_address"/,
  ])
  t.match(warnings(web('deploy: {placement: {preferences: [{spread: node.id}]}}')), [
    /^compose\.yaml:4:49: Swarm ignores "spread: node\.id": it spreads over node\.labels\.NAME/,
  ])
  t.same(warnings(web('deploy: {placement: {preferences: [{spread: node.labels.zone}]}}')), [])
  t.match(warnings(web('deploy: {placement: {constraints: [node.rol == manager]}}')), [
    /no node matches "node\.rol == manager": use node\.id/,
  ])
  t.same(warnings(web('deploy: {placement: {constraints: [" node.ip != 10.0.0.0/8 ", engine.labels.a==b]}}')), [])
})

t.test('names and files may contain variables', async (t) => {
  const { problems, files } = read(
    `${web('configs: [c]')}configs: {c: {file: "\${F}.conf", name: "app-\${CV:?version}"}}\n`,
    { 'a.conf': 'a' },
    { F: 'a', CV: '1.2' },
  )
  t.same(problems, [])
  t.same(files, [{ kind: 'configs', key: 'c', file: 'a.conf', name: 'app-1.2' }])
})

t.test('rejects invalid top-level keys', async (t) => {
  const withTopLevel = (lines: string, files: Files = {}) => problems(`services: {web: {image: x}}\n${lines}\n`, files)
  t.match(withTopLevel('name: shop'), [
    /^compose\.yaml:2:1: Swarm does not support "name": remove it, and set the stack name with -e name=/,
  ])
  t.match(withTopLevel('include: [a.yaml]'), [/Swarm does not support "include"/])
  t.match(withTopLevel('network: {}'), [/unknown key "network": did you mean networks\?/])
  t.match(withTopLevel('configs: {site: {file: site.conf}}'), [
    /^compose\.yaml:2:24: file site\.conf not found in the compose file's directory: create it, or correct its name/,
  ])
  t.match(withTopLevel('configs: {site: {}}'), [/"site" has no source: set "file: \.\/\.\.\.", or "external: true"/])
  t.match(withTopLevel('secrets: {key: {file: /etc/key}}', { '/etc/key': 'a' }), [
    /\/etc\/key is outside the compose file's directory/,
  ])
  t.match(withTopLevel('networks: {front: {drivr: overlay}}'), [/unknown key "drivr": did you mean driver/])
  t.match(problems('services: {web: {build: .}}\n'), [
    /^compose\.yaml:1:12: service "web" has no image: set "image" to one that all nodes can pull/,
  ])
  t.match(problems('services: {"we b": {image: x}}\n'), [/invalid name: use letters/])
})

t.test('ignored keys produce warnings with replacements', async (t) => {
  const messages = warnings(
    web('build: .\ncontainer_name: w\nrestart: always\ndepends_on: [db]\nprivileged: true\nlinks: [db]'),
  )
  t.match(messages, [
    /^compose\.yaml:4:5: Swarm ignores "build": build the image, push it/,
    /^compose\.yaml:5:5: Swarm ignores "container_name": remove it/,
    /^compose\.yaml:6:5: Swarm ignores "restart": use deploy\.restart_policy/,
    /^compose\.yaml:7:5: Swarm ignores "depends_on": Swarm starts all services at once/,
    /^compose\.yaml:8:5: Swarm ignores "privileged"/,
    /^compose\.yaml:9:5: Swarm ignores "links"/,
  ])
  t.equal(messages.length, 6)
})

t.test('local volumes and bind mounts produce warnings', async (t) => {
  t.match(warnings(`${web('volumes: [data:/d, /srv:/srv]')}volumes: {data: }\n`), [
    /^compose\.yaml:4:15: volume "data" is local to each node: pin the service to one node/,
    /\/srv is a path on the node: it must exist on every node/,
  ])
  t.same(
    warnings(`${web('volumes: [data:/d]')}volumes: {data: {driver: nfs}}\n`),
    [],
    'another driver may share the volume',
  )
})

t.test('portsOf parses every port syntax', async (t) => {
  const ports = (value: unknown) =>
    portsOf(value).map(({ published, target, protocol, mode }) => `${published}>${target}/${protocol} ${mode}`)
  t.same(ports('8080:80'), ['8080>80/tcp ingress'])
  t.same(ports('127.0.0.1:53:53/udp'), ['53>53/udp ingress'])
  t.same(ports('8000-8001:80-81'), ['8000>80/tcp ingress', '8001>81/tcp ingress'])
  t.same(ports('80'), [], 'Docker chooses the published port')
  t.same(ports(80), [])
  t.same(ports({ target: 80, published: 8080, mode: 'host' }), ['8080>80/tcp host'])
})
