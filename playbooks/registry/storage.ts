import { docker_container, experiment, onHosts, type Exhibit, type ExperimentContext } from '../../src/labbook.ts'
import { sh } from '../../src/shell/quote.ts'
import { registryAddress, registryHost } from './address.ts'
import { askAs, listDigests } from './client.ts'
import { CONTAINER, registryContainer, storageOf } from './registry.ts'

const HELLO = 'labbook/hello-world'

const ON_THE_REGISTRY = {
  hosts: 'registry[0]',
  tags: ['registry', 'proof'],
} as const

/** What the registry stores lies outside of its container. Only looks, and pushes what is there already. */
export const storageProof = experiment(
  'The registry keeps its data outside',
  {
    ...ON_THE_REGISTRY,
    disturbs: false,
    proves: { 'registry.storage.external': 'What is pushed lies in a folder of the host' },
  },
  async (on) => {
    const { tag, digest } = helloIn(await catalogue(on, 'What the registry has'))
    await lies(on, {
      address: registryAddress(on),
      storage: storageOf({ vars: on.hostvars(registryHost(on)) }),
      tag,
      digest,
    })
  },
)

/** And it outlives the container. */
export const recreateProof = experiment(
  'The registry outlives its container',
  {
    ...ON_THE_REGISTRY,
    disturbs: ({ hosts }) => onHosts(hosts, 'the container of the registry is removed and made again'),
    proves: {
      'registry.storage.survives': 'A registry whose container was removed and made again has the same images',
    },
  },
  async (on) => {
    const before = await catalogue(on, 'What the registry has before')
    await survives(on, before, `${registryAddress(on)}/${HELLO}@${helloIn(before).digest}`)
  },
)

/** Every tag with its digest. */
const catalogue = (on: ExperimentContext, title: string): Promise<Exhibit> =>
  on.exhibit({ title, command: `${askAs(on)}\n${listDigests(registryAddress(on))}` })

function helloIn({ stdout }: Pick<Exhibit, 'stdout'>): { tag: string; digest: string } {
  const [, tag, digest] = /^labbook\/hello-world:(\S+) (sha256:\w{64})$/m.exec(stdout) ?? []
  if (tag === undefined || digest === undefined)
    throw new Error(`the registry has no image ${HELLO}: run playbooks/registry.mjs first`)
  return { tag, digest }
}

async function lies(
  on: ExperimentContext,
  { address, storage, tag, digest }: { address: string; storage: string; tag: string; digest: string },
): Promise<void> {
  const push = await on.exhibit({
    title: 'Push hello-world',
    command: sh`docker push ${`${address}/${HELLO}:${tag}`}`,
    timeout: 120,
  })
  const mounts = await on.exhibit({
    title: 'Where the container has its storage from',
    command: `docker inspect ${CONTAINER} --format '{{range .Mounts}}{{.Type}} {{.Source}} -> {{.Destination}}{{println}}{{end}}'`,
  })
  const tree = await on.exhibit({
    title: 'The storage on the host',
    command: sh`cd ${`${storage}/docker/registry/v2`} && find repositories -type d -name tags -exec find {} -maxdepth 1 \\; | sort && find blobs -type f -name data | sort && du -sh .`,
  })
  const blob = `${storage}/docker/registry/v2/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}/data`
  const manifest = await on.exhibit({
    title: 'The manifest of hello-world is a file of the host',
    command: sh`sha256sum ${blob}; cat ${blob}`,
  })
  on.finding('registry.storage.external', {
    holds:
      push.exitCode === 0 &&
      mounts.stdout.includes(`bind ${storage} -> /var/lib/registry`) &&
      manifest.stdout.startsWith(`${digest.slice(7)} `),
    evidence: [push, mounts, tree, manifest],
    detail: `the manifest ${digest.slice(0, 19)}... is ${blob}`,
  })
}

async function survives(on: ExperimentContext, before: Exhibit, image: string): Promise<void> {
  const id = `docker inspect ${CONTAINER} --format '{{.Id}} {{.Image}}'`
  const old = await on.exhibit({ title: 'The container before', command: id })
  const [, imageId = ''] = old.stdout.trim().split(' ')
  let removed, made
  try {
    removed = await on.exhibit({
      title: 'Remove the container',
      command: `docker rm -f ${CONTAINER} && docker ps -a --filter name=${CONTAINER}`,
    })
  } finally {
    // As the play makes it, so that the next run finds nothing to do.
    const { definition } = docker_container
    const params = definition.schema.parse({
      ...registryContainer({ ...on, vars: on.hostvars(registryHost(on)) }),
      image: imageId,
    })
    const seen = await on.exhibit({ title: 'No container', command: definition.probe(params, {}) })
    const change = definition.plan(params, seen, {}, {}).changes[0]
    if (change !== undefined) made = await on.exhibit({ title: 'Make the container again', command: change.script })
  }
  const up = await on.watch({
    title: 'The registry is back',
    command: `${askAs(on)}\nask -f -o /dev/null https://${registryAddress(on)}/v2/`,
    until: ({ exitCode }) => exitCode === 0,
    within: 60,
  })
  const now = await on.exhibit({ title: 'The container afterwards', command: id })
  const after = await catalogue(on, 'What the registry has afterwards')
  const pull = await on.exhibit({
    title: 'Pull hello-world afterwards',
    command: sh`docker image rm -f ${image} >/dev/null 2>&1; docker pull ${image}`,
    timeout: 120,
  })
  on.finding('registry.storage.survives', {
    holds: up.reached && old.stdout !== now.stdout && after.stdout === before.stdout && pull.exitCode === 0,
    evidence: [before, old, ...(removed ? [removed] : []), ...(made ? [made] : []), now, after, pull],
    detail: `${after.stdout.trim().split('\n').length} tags with the same digests; the registry answered ${up.seconds.toFixed(0)} s after it was made again`,
  })
}
