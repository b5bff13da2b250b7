import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import type { TaskSpec } from './harness.ts'

/*
 * Docker on the node: images are built on the spot from a static busybox. Start states are created, and claims checked,
 * by the docker command.
 */

const FOLDER = '/root/images'
const FILES = [1, 2].map((n) => `${FOLDER}/${n}.tar`)
/** Exits at once on SIGTERM. */
const COMMAND = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']

/** Installs Docker as playbooks/docker does, and creates the sources of the images. */
export const PREPARE = `
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update && apt-get -qq -y --no-install-recommends install docker.io $(apt-cache pkgnames docker-cli | grep -x docker-cli) busybox-static curl >/dev/null || exit
systemctl enable -q --now docker || exit
for lb_i in $(seq 60); do docker info >/dev/null 2>&1 && break; sleep 1; done
mkdir -p ${FOLDER}/root/bin && cd ${FOLDER}/root || exit
cp /bin/busybox bin/busybox || exit
for lb_i in sh sleep; do ln -sf busybox bin/$lb_i; done
for lb_i in 1 2; do echo $lb_i >which && tar -cf ../$lb_i.tar . || exit; done
mkdir -p ${FOLDER}/context && printf 'FROM lbt/one:1\\nLABEL made=here\\nCOPY which /which\\n' >${FOLDER}/context/Dockerfile && echo built >${FOLDER}/context/which || exit
docker import ${FOLDER}/1.tar lbt/base:1 >/dev/null && docker import ${FOLDER}/2.tar lbt/base:2 >/dev/null || exit
docker tag lbt/base:2 lbt/saved:1 && docker save -o ${FOLDER}/saved.tar lbt/saved:1 && docker rmi lbt/saved:1 >/dev/null`

/** No Swarm, container, network, volume or image, except the two base images. */
export const NOTHING = `
docker swarm leave --force >/dev/null 2>&1
docker ps -aq | xargs -r docker rm -f >/dev/null
# A Swarm's networks go a moment after it.
for lb_i in $(seq 60); do docker network prune -f >/dev/null; [ -n "$(docker network ls -q --filter name=lbt)" ] || break; sleep 1; done
docker volume ls -q | xargs -r docker volume rm >/dev/null
docker image ls --format '{{.Repository}}:{{.Tag}}' | grep '^lbt/' | grep -v '^lbt/base:' | xargs -r docker rmi -f >/dev/null
docker image prune -f >/dev/null || exit`

const state = (steps: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...steps).map((all) => [NOTHING, ...all].join('\n'))
const step = (...steps: string[]): fc.Arbitrary<string> =>
  fc.constantFrom('', ...steps).map((text) => (text === '' ? '' : `{ ${text}; } >/dev/null || exit`))

const NETWORKS = [[], ['--label', 'a=1'], ['--internal'], ['--subnet', '10.199.1.0/24'], ['--attachable']]
const VOLUMES = [[], ['--label', 'a=1'], ['--opt', 'type=tmpfs', '--opt', 'device=tmpfs']]

/**
 * Start states of a single engine: images, a container, a network and a volume, each missing, as desired, or different.
 */
export const engine: fc.Arbitrary<string> = state([
  step(
    'docker tag lbt/base:1 lbt/one:1',
    sh`docker import ${FILES[0] as string} lbt/one:1`,
    sh`docker import --change ${'LABEL labbook.source=other'} ${FILES[1] as string} lbt/one:1`,
  ),
  step('docker tag lbt/base:2 lbt/two:1'),
  step('docker tag lbt/base:1 lbt/saved:1', sh`docker load -i ${FOLDER}/saved.tar`),
  step(...NETWORKS.map((flags) => sh`docker network create ${flags} lbt-net`)),
  step(...VOLUMES.map((flags) => sh`docker volume create ${flags} lbt-data`)),
  step(
    ...['run -d', 'create', 'run -d --restart always'].map(
      (how) => `docker ${how} --name lbt-web ${sh`lbt/base:1 ${COMMAND}`}`,
    ),
  ),
])

const INSPECT = {
  container:
    '{{.Name}} {{.State.Running}} {{json .Config.Image}} {{json .Config.Cmd}} {{json .Config.Env}} {{.HostConfig.RestartPolicy.Name}} {{json .HostConfig.Binds}} {{json .Config.Labels}} {{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{end}}',
  image: '{{.RepoTags}} {{json .Config.Labels}} {{json .Config.Cmd}} {{.RootFS.Layers}}',
  network: '{{.Name}} {{.Driver}} {{.Internal}} {{.Attachable}} {{json .Labels}}',
  volume: '{{.Name}} {{.Driver}} {{json .Options}} {{json .Labels}}',
}
const ALL = {
  container: 'docker ps -aq',
  image: "docker image ls --format '{{.Repository}}:{{.Tag}}' | grep lbt/",
  network: 'docker network ls -q --filter name=lbt',
  volume: 'docker volume ls -q',
}
const look = (closely: string): string =>
  Object.entries(INSPECT)
    .map(
      ([kind, format]) =>
        `${ALL[kind as keyof typeof ALL]} | xargs -r ${sh`docker ${kind} inspect -f ${`${format}${['container', 'image', 'network'].includes(kind) ? closely : ''}`}`} | sort -u`,
    )
    .join('\n')

export const LOOK = `{ ${look('')}; } 2>&1; :`
/** With ids, to detect that something was recreated. */
export const LOOK_CLOSELY = `{ ${look(' {{.Id}}')}; docker ps --format '{{.Names}} {{.ID}}' --no-trunc; docker inspect -f '{{.State.StartedAt}}' $(docker ps -aq) 2>/dev/null; } 2>&1; :`

const imageTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .record({ name: fc.constantFrom('lbt/one:1', 'lbt/two:1'), file: fc.constantFrom(...FILES), cmd: fc.boolean() })
    .map(({ name, file, cmd }) => ({
      module: 'docker_image' as const,
      params: { name, source: 'import', archive_path: file, ...(cmd ? { changes: ['CMD ["sh"]'] } : {}) },
      claim: `[ "$(${sh`docker run --rm ${name} /bin/busybox cat /which`})" = ${/(\d)\.tar/.exec(file)?.[1]} ]${cmd ? sh` && docker image inspect -f ${'{{.Config.Cmd}}'} ${name} | grep -q sh` : ''}`,
    })),
  fc.constantFrom('lbt/built:1', 'lbt/two:1').map((name) => ({
    module: 'docker_image' as const,
    params: { name, source: 'build', build: { path: `${FOLDER}/context` } },
    // Its base image may not exist.
    mayFail: true,
    claim: sh`[ "$(docker run --rm ${name} /bin/busybox cat /which)" = built ] && docker image inspect -f ${'{{.Config.Labels.made}}'} ${name} | grep -qx here`,
  })),
  fc.constant({
    module: 'docker_image' as const,
    params: { name: 'lbt/saved:1', source: 'load', archive_path: `${FOLDER}/saved.tar` },
    claim: '[ "$(docker run --rm lbt/saved:1 /bin/busybox cat /which)" = 2 ]',
  }),
  fc.constantFrom('lbt/one:1', 'lbt/two:1').map((name) => ({
    module: 'docker_image' as const,
    params: { name, source: 'local', repository: 'lbt/also' },
    claim: sh`[ "$(docker image inspect -f ${'{{.Id}}'} ${name} | sort -u)" = "$(docker image inspect -f ${'{{.Id}}'} lbt/also:1)" ]`,
  })),
  fc.constantFrom('lbt/one:1', 'lbt/two:1').map((name) => ({
    module: 'docker_image' as const,
    params: { name, state: 'absent' },
    claim: sh`! docker image inspect ${name} 2>/dev/null | grep -q Id`,
    mayFail: true,
  })),
)

const containerTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    state: fc.constantFrom('started', 'started', 'stopped', 'present', 'absent'),
    image: fc.constantFrom('lbt/base:1', 'lbt/base:2', 'lbt/one:1'),
    env: fc.constantFrom({}, { WHO: 'a "quoted" $value' }),
    restart_policy: fc.constantFrom(undefined, 'always'),
    volumes: fc.constantFrom([], ['lbt-data:/data'], [`${FOLDER}:/images:ro`]),
    networks: fc.constantFrom([], [{ name: 'lbt-net', aliases: ['web'] }]),
  })
  .map(({ state, image, env, restart_policy, volumes, networks }) => ({
    module: 'docker_container' as const,
    params:
      state === 'absent'
        ? { name: 'lbt-web', state }
        : {
            name: 'lbt-web',
            state,
            image,
            command: COMMAND,
            env,
            volumes,
            networks,
            ...(restart_policy && { restart_policy }),
          },
    // Its image or network may not exist.
    mayFail: true,
    claim:
      state === 'absent'
        ? '! docker container inspect lbt-web 2>/dev/null | grep -q Id'
        : [
            ...(state === 'present'
              ? []
              : [
                  sh`[ "$(docker inspect -f ${'{{.State.Running}}'} lbt-web)" = ${String(state === 'started')} ] || exit 1`,
                ]),
            sh`[ "$(docker inspect -f ${'{{.Image}}'} lbt-web)" = "$(docker image inspect -f ${'{{.Id}}'} ${image})" ] || exit 1`,
            ...Object.entries(env).map(
              ([key, value]) =>
                sh`docker inspect -f ${'{{range .Config.Env}}{{println .}}{{end}}'} lbt-web | grep -qxF ${`${key}=${value}`} || exit 1`,
            ),
            sh`[ "$(docker inspect -f ${'{{.HostConfig.RestartPolicy.Name}}'} lbt-web)" = ${restart_policy ?? 'no'} ] || exit 1`,
            ...networks.map(
              ({ name }) =>
                sh`docker inspect -f ${'{{json .NetworkSettings.Networks}}'} lbt-web | grep -q ${`"${name}"`} || exit 1`,
            ),
          ].join('\n'),
  }))

const networkTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .record({
      internal: fc.boolean(),
      labels: fc.constantFrom({}, { a: '1' }, { a: '2' }),
      ipam_config: fc.constantFrom([], [{ subnet: '10.199.1.0/24' }]),
    })
    .map((params) => ({
      module: 'docker_network' as const,
      params: { name: 'lbt-net', ...params },
      // A network in use cannot be recreated.
      mayFail: true,
      claim: sh`docker network inspect -f ${'{{.Driver}} {{.Internal}} {{index .Labels "a"}} {{(index .IPAM.Config 0).Subnet}}'} lbt-net | grep -q ${`^bridge ${params.internal} ${params.labels.a ?? '.*'} ${params.ipam_config[0]?.subnet ?? ''}`}`,
    })),
  fc.constant({
    module: 'docker_network',
    params: { name: 'lbt-net', state: 'absent' },
    mayFail: true,
    claim: '! docker network inspect lbt-net 2>/dev/null | grep -q Id',
  }),
)

const volumeTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc.constantFrom({}, { labels: { a: '1' } }, { driver_options: { type: 'tmpfs', device: 'tmpfs' } }).map((params) => ({
    module: 'docker_volume' as const,
    params: { name: 'lbt-data', ...params },
    claim: sh`docker volume inspect -f ${'{{json .Labels}} {{json .Options}}'} lbt-data | grep -q ${'labels' in params ? '"a":"1"' : 'driver_options' in params ? '"type":"tmpfs"' : ''}`,
  })),
  fc.constant({
    module: 'docker_volume',
    params: { name: 'lbt-data', state: 'absent' },
    mayFail: true,
    claim: '! docker volume inspect lbt-data 2>/dev/null | grep -q Name',
  }),
)

export const engineTasks: fc.Arbitrary<TaskSpec> = fc.oneof(
  { weight: 3, arbitrary: imageTask },
  { weight: 3, arbitrary: containerTask },
  { weight: 2, arbitrary: networkTask },
  { weight: 1, arbitrary: volumeTask },
)

const web = (params: object): TaskSpec => ({
  module: 'docker_container',
  params: { name: 'lbt-web', image: 'lbt/one:1', command: COMMAND, ...params },
})
const imported = (file: 0 | 1): TaskSpec => ({
  module: 'docker_image',
  params: { name: 'lbt/one:1', source: 'import', archive_path: FILES[file] },
})

/**
 * Cases that random lists seldom contain. They contradict themselves, so that the second run also changes something.
 */
export const engineCases = {
  'container is recreated when its image changes': [imported(0), imported(1), web({})],
  'image is rebuilt when its base image changes': [
    imported(0),
    { module: 'docker_image', params: { name: 'lbt/built:1', source: 'build', build: { path: `${FOLDER}/context` } } },
    imported(1),
  ],
  'container is recreated when its settings change': [
    web({ env: { A: '1' } }),
    web({ env: { A: '2' } }),
    web({ env: { A: '2' }, state: 'stopped' }),
  ].flatMap((task, i) => (i === 0 ? [imported(0), task] : [task])),
} satisfies Record<string, TaskSpec[]>

/** Everything that a small app needs on one host: succeeds from each start state. */
export const wholeApp: fc.Arbitrary<TaskSpec[]> = fc
  .record({ file: fc.constantFrom(...FILES), internal: fc.boolean() })
  .map(({ file, internal }) => [
    { module: 'docker_container', params: { name: 'lbt-web', state: 'absent' } },
    { module: 'docker_image', params: { name: 'lbt/one:1', source: 'import', archive_path: file } },
    { module: 'docker_network', params: { name: 'lbt-net', internal } },
    { module: 'docker_volume', params: { name: 'lbt-store' } },
    {
      module: 'docker_container',
      params: {
        name: 'lbt-app',
        image: 'lbt/one:1',
        command: COMMAND,
        networks: [{ name: 'lbt-net' }],
        volumes: ['lbt-store:/data'],
      },
      claim: sh`[ "$(docker exec lbt-app /bin/busybox cat /which)" = ${/(\d)\.tar/.exec(file)?.[1] ?? ''} ]`,
    },
  ])

const INIT = 'docker swarm init --advertise-addr 127.0.0.1'
const SERVICES = [
  ['--replicas', '1'],
  ['--replicas', '2', '--label', 'a=1'],
  ['--mode', 'global'],
]
const LABELS = [
  '',
  'docker node update --label-add zone=a $(docker node ls -q)',
  'docker node update --availability drain $(docker node ls -q)',
]

const FILES_OF_SWARM = [
  ['config', 'one'],
  ['config', 'two'],
  ['secret', 'one', '--label', 'a=1'],
]

/** A Swarm still increments versions of its nodes and services for a moment, which is not a change by check mode. */
const QUIET = `
lb_seen=
for lb_i in $(seq 60); do
  lb_now=$(for lb_kind in node service; do docker $lb_kind ls -q | xargs -r docker $lb_kind inspect -f '{{.ID}} {{.Version.Index}}'; done)
  [ "$lb_now" != "$lb_seen" ] || break
  lb_seen=$lb_now; sleep 1
done`

/**
 * Start states of a Swarm of one node: none; with a service, a config or a secret of another user; a node with labels.
 */
export const swarms: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(NOTHING) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...LABELS),
        fc.option(fc.constantFrom(...SERVICES)),
        fc.option(fc.constantFrom(...FILES_OF_SWARM)),
      )
      .map(([labels, service, kept]) =>
        [
          NOTHING,
          `${INIT} >/dev/null || exit`,
          labels === '' ? '' : `${labels} >/dev/null || exit`,
          service === null
            ? ''
            : sh`docker service create -q --detach --no-resolve-image --name lbt-svc ${service} lbt/base:1 ${COMMAND} >/dev/null || exit`,
          kept === null
            ? ''
            : sh`printf %s ${kept[1] as string} | docker ${kept[0] as string} create ${kept.slice(2)} lbt-kept - >/dev/null || exit`,
          QUIET,
        ].join('\n'),
      ),
  },
)

export const LOOK_AT_SWARM = `docker info -f '{{.Swarm.LocalNodeState}}'
docker node ls -q 2>/dev/null | xargs -r docker node inspect -f '{{.Spec.Role}} {{.Spec.Availability}} {{json .Spec.Labels}}'
docker service ls -q 2>/dev/null | xargs -r docker service inspect -f '{{.Spec.Name}} {{json .Spec.Labels}} {{json .Spec.Mode}} {{json .Spec.TaskTemplate.ContainerSpec}}' | sort
for lb_kind in config secret; do docker $lb_kind ls --format '{{.Name}}' 2>/dev/null; docker $lb_kind inspect -f '{{json .Spec.Labels}}' lbt-kept 2>&1; done
docker config inspect --pretty lbt-kept 2>/dev/null | sed -n '/^Data/,$p'; docker network ls --format '{{.Name}}' | grep lbt; :`
export const LOOK_AT_SWARM_CLOSELY = `${LOOK_AT_SWARM}
for lb_kind in node service; do docker $lb_kind ls -q 2>/dev/null | xargs -r docker $lb_kind inspect -f '{{.ID}} {{.Version.Index}}'; done
for lb_kind in config secret; do docker $lb_kind ls -q 2>/dev/null; docker $lb_kind inspect -f '{{.Version.Index}}' lbt-kept 2>/dev/null; done; :`

const initTask: fc.Arbitrary<TaskSpec> = fc.constant({
  module: 'docker_swarm',
  params: { advertise_addr: '127.0.0.1' },
  claim: sh`docker info -f ${'{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}'} | grep -qx 'active true'`,
})

const nodeTask: fc.Arbitrary<TaskSpec> = fc
  .record({
    labels: fc.constantFrom({ zone: 'a' }, { zone: 'b', disk: 'ssd' }),
    labels_state: fc.constantFrom('merge', 'replace'),
    availability: fc.constantFrom(undefined, 'active', 'pause'),
  })
  .map(({ labels, labels_state, availability }) => ({
    module: 'docker_node',
    params: { hostname: 'node1', labels, labels_state, ...(availability && { availability }) },
    claim:
      Object.entries({ ...labels })
        .map(
          ([key, value]) =>
            sh`docker node inspect -f ${`{{index .Spec.Labels "${key}"}}`} self | grep -qx ${value} || exit 1`,
        )
        .join('\n') +
      (availability === undefined
        ? ''
        : sh`\ndocker node inspect -f ${'{{.Spec.Availability}}'} self | grep -qx ${availability}`),
  }))

const serviceTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .record({
      replicas: fc.constantFrom(1, 2),
      env: fc.constantFrom({}, { A: 'b c' }),
      image: fc.constantFrom('lbt/base:1', 'lbt/base:2'),
    })
    .map(({ replicas, env, image }) => ({
      module: 'docker_service' as const,
      params: { name: 'lbt-svc', image, args: COMMAND, replicas, env },
      claim: sh`docker service inspect -f ${'{{.Spec.Mode.Replicated.Replicas}} {{.Spec.TaskTemplate.ContainerSpec.Image}} {{.Spec.TaskTemplate.ContainerSpec.Env}}'} lbt-svc | grep -qxF ${`${replicas} ${image} [${Object.entries(
        env,
      )
        .map(([key, value]) => `${key}=${value}`)
        .join(' ')}]`}`,
      mayFail: true,
    })),
  fc.constant({
    module: 'docker_service',
    params: { name: 'lbt-svc', state: 'absent' },
    claim: '! docker service inspect lbt-svc 2>/dev/null | grep -q ID',
  }),
)

const stackTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 2).map(
      (replicas): TaskSpec => ({
        module: 'docker_stack',
        params: {
          name: 'lbt',
          resolve_image: 'never',
          compose: [
            { version: '3.8', services: { web: { image: 'lbt/base:1', command: COMMAND, deploy: { replicas } } } },
          ],
        },
        claim: sh`docker service inspect -f ${'{{.Spec.Mode.Replicated.Replicas}}'} lbt_web | grep -qx ${String(replicas)}`,
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<TaskSpec>({
      module: 'docker_stack',
      params: { name: 'lbt', state: 'absent' },
      claim: '! docker service ls | grep -q lbt_',
    }),
  },
)

const keptModule = fc.constantFrom('docker_config' as const, 'docker_secret' as const)
const kindOf = (module: string): string => module.replace('docker_', '')

const keptTask: fc.Arbitrary<TaskSpec> = fc.oneof(
  fc
    .record({
      module: keptModule,
      data: fc.constantFrom('one', 'two', 'it\'s "three"\n$x'),
      labels: fc.constantFrom({}, { a: '1' }, { a: '2 "b"' }),
    })
    .map(
      ({ module, data, labels }): TaskSpec => ({
        module,
        params: { name: 'lbt-kept', data, labels },
        // Their data is immutable.
        mayFail: true,
        claim: [
          ...(module === 'docker_config'
            ? [
                sh`[ "$(docker config inspect -f ${'{{json .Spec.Data}}'} lbt-kept)" = ${JSON.stringify(Buffer.from(data).toString('base64'))} ] || exit 1`,
              ]
            : []),
          ...Object.entries({ ...labels }).map(
            ([key, value]) =>
              sh`docker ${kindOf(module)} inspect -f ${`{{index .Spec.Labels "${key}"}}`} lbt-kept | grep -qxF ${value} || exit 1`,
          ),
          sh`docker ${kindOf(module)} inspect lbt-kept >/dev/null`,
        ].join('\n'),
      }),
    ),
  keptModule.map(
    (module): TaskSpec => ({
      module,
      params: { name: 'lbt-kept', state: 'absent' },
      claim: sh`! docker ${kindOf(module)} inspect lbt-kept >/dev/null 2>&1`,
    }),
  ),
)

/** The Swarm comes first: the others require it. */
export const swarmLists = (most: number): fc.Arbitrary<TaskSpec[]> =>
  fc
    .tuple(initTask, fc.array(fc.oneof(nodeTask, serviceTask, stackTask, keptTask), { minLength: 1, maxLength: most }))
    .map(([init, rest]) => [init, ...rest])

/** At most one of each kind; services separate from each other. */
export const settledSwarm = (tasks: readonly TaskSpec[]): boolean =>
  new Set(tasks.map(({ module }) => module)).size === tasks.length

/** Kinds are separate, but a container reads images, networks and volumes: as the last task it is settled. */
export const settledEngine = (tasks: readonly TaskSpec[]): boolean => tasks.length === 1
