import { disturbAll, docker_container, type Exhibit, sh, MessageError } from 'labbook'
import { labExperiment, type LabContext, say, type LabText } from '../messages/say.ts'
import { registryAddress, registryHost } from './address.ts'
import { curlFunctions, listDigests, typedRequest } from './client.ts'
import { CONTAINER, registryContainer, storageOf } from './registry.ts'

const HELLO = 'labbook/hello-world'

const ON_THE_REGISTRY = {
  hosts: 'registry[0]',
  tags: ['registry', 'proof'],
} as const

/** Checks that data is stored outside the container. Pushes only an image that is already there. */
export const storageProof = labExperiment(
  'Check registry storage',
  {
    ...ON_THE_REGISTRY,
    disturbs: false,
    assertions: { 'registry.storage.external': 'Pushed images are stored in a directory of the host' },
  },
  async (on) => {
    const { tag, digest } = helloIn(await catalogue(on, 'Images in the registry'))
    await checkStorage(on, {
      address: registryAddress(on),
      storage: storageOf({ vars: on.hostvars(registryHost(on)) }),
      tag,
      digest,
    })
  },
)

/** Checks that data survives the container. */
export const recreateProof = labExperiment(
  'Recreate registry container',
  {
    ...ON_THE_REGISTRY,
    disturbs: ({ hosts }) => disturbAll(hosts, 'the registry container is recreated'),
    assertions: {
      'registry.storage.survives': 'A recreated registry container serves identical images',
    },
  },
  async (on) => {
    const before = await catalogue(on, 'Images before')
    await recreate(on, before, `${registryAddress(on)}/${HELLO}@${helloIn(before).digest}`)
  },
)

/** Every tag with its digest. */
const catalogue = (on: LabContext, title: LabText): Promise<Exhibit> =>
  on.exhibit({
    title,
    command: `${curlFunctions(on)}\n${listDigests(registryAddress(on))}`,
    displayCommand: typedRequest(on, `--head https://${registryAddress(on)}/v2/NAME/manifests/TAG`),
  })

function helloIn({ stdout }: Pick<Exhibit, 'stdout'>): { tag: string; digest: string } {
  const [, tag, digest] = /^labbook\/hello-world:(\S+) (sha256:\w{64})$/m.exec(stdout) ?? []
  if (tag === undefined || digest === undefined)
    throw new MessageError(
      say('the registry has no image "{image}": run playbooks/registry.mjs first', { image: HELLO }),
    )
  return { tag, digest }
}

async function checkStorage(
  on: LabContext,
  { address, storage, tag, digest }: { address: string; storage: string; tag: string; digest: string },
): Promise<void> {
  const push = await on.exhibit({
    title: 'Push hello-world',
    command: sh`docker push ${`${address}/${HELLO}:${tag}`}`,
    timeout: 120,
  })
  const mounts = await on.exhibit({
    title: 'Mounts of the container',
    command: `docker inspect ${CONTAINER} --format '{{range .Mounts}}{{.Type}} {{.Source}} -> {{.Destination}}{{println}}{{end}}'`,
  })
  const list = await on.exhibit({
    title: 'Catalogue of the registry',
    command: `${curlFunctions(on)}\nask https://${address}/v2/_catalog`,
    displayCommand: typedRequest(on, `https://${address}/v2/_catalog`),
  })
  const tags = await on.exhibit({
    title: 'Tags of hello-world',
    command: `${curlFunctions(on)}\nask https://${address}/v2/${HELLO}/tags/list`,
    displayCommand: typedRequest(on, `https://${address}/v2/${HELLO}/tags/list`),
  })
  const tree = await on.exhibit({
    title: 'Storage on the host',
    command: sh`cd ${`${storage}/docker/registry/v2`} && find repositories -type d -name tags -exec find {} -maxdepth 1 \\; | sort && find blobs -type f -name data | sort && du -sh .`,
  })
  const blob = `${storage}/docker/registry/v2/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}/data`
  const manifest = await on.exhibit({
    title: 'Manifest of hello-world on the host',
    command: sh`sha256sum ${blob}; cat ${blob}`,
  })
  on.finding('registry.storage.external', {
    holds:
      push.exitCode === 0 &&
      mounts.stdout.includes(`bind ${storage} -> /var/lib/registry`) &&
      manifest.stdout.startsWith(`${digest.slice(7)} `),
    evidence: [push, mounts, list, tags, tree, manifest],
    detail: say('manifest {digest}... is stored in {blob}', { digest: digest.slice(0, 19), blob }),
  })
}

async function recreate(on: LabContext, before: Exhibit, image: string): Promise<void> {
  const id = `docker inspect ${CONTAINER} --format '{{.Id}} {{.Image}}'`
  const old = await on.exhibit({ title: 'Container before', command: id })
  const [, imageId = ''] = old.stdout.trim().split(' ')
  let removed, created
  try {
    removed = await on.exhibit({
      title: 'Remove the container',
      command: `docker rm -f ${CONTAINER} && docker ps -a --filter name=${CONTAINER}`,
    })
  } finally {
    // Same parameters as in the play, so that the next run changes nothing.
    const { definition } = docker_container
    const params = definition.schema.parse({
      ...registryContainer({ ...on, vars: on.hostvars(registryHost(on)) }),
      image: imageId,
    })
    const probe = await on.exhibit({ title: 'State without the container', command: definition.probe(params, {}) })
    const change = definition.plan(params, probe, {}, {}).changes[0]
    if (change !== undefined) created = await on.exhibit({ title: 'Create the container', command: change.script })
  }
  const up = await on.watch({
    title: 'Registry API after recreation',
    command: `${curlFunctions(on)}\nask -f -o /dev/null https://${registryAddress(on)}/v2/`,
    until: ({ exitCode }) => exitCode === 0,
    within: 60,
  })
  const current = await on.exhibit({ title: 'Container after', command: id })
  const after = await catalogue(on, 'Images after')
  const pull = await on.exhibit({
    title: 'Pull hello-world after recreation',
    command: sh`docker image rm -f ${image} >/dev/null 2>&1; docker pull ${image}`,
    timeout: 120,
  })
  on.finding('registry.storage.survives', {
    holds: up.reached && old.stdout !== current.stdout && after.stdout === before.stdout && pull.exitCode === 0,
    evidence: [before, old, removed, ...(created ? [created] : []), current, after, pull],
    detail: say('{tags} tags {identical}; the registry responded after {seconds} s', {
      tags: after.stdout.trim().split('\n').length,
      identical:
        after.stdout === before.stdout ? say('with identical digests') : say('after recreation, not identical'),
      seconds: up.seconds.toFixed(0),
    }),
  })
}
