import {
  experiment,
  onHosts,
  play,
  PlaybookError,
  type Experiment,
  type Disturbs,
  type Play,
  type PlayContext,
} from '../../src/labbook.ts'
import type { Lab } from '../../src/lab/lab.ts'
import type { Snapshots } from '../../src/lab/provider.ts'
import { providerOf } from '../../src/lab/providers.ts'
import { labOf } from './lab.ts'

/** @throws {PlaybookError} there is no lab, or its machines keep no snapshots. */
function snapshotsOf(on: Pick<PlayContext, 'groups' | 'hostvars'>): { lab: Lab; snapshots: Snapshots } {
  const lab = labOf(on)
  if (lab === undefined) throw new PlaybookError('no host of the inventory has lab_provider: snapshots are of a lab')
  const { snapshots, name } = providerOf(lab)
  if (snapshots === undefined)
    throw new PlaybookError(`a lab of ${name} keeps no snapshots: virtual machines do (--provider qemu)`)
  return { lab, snapshots }
}

type Verb = 'save' | 'resume' | 'remove'
const TITLES: Readonly<Record<Verb, string>> = {
  save: 'Lab: snapshot',
  resume: 'Lab: back to a snapshot',
  remove: 'Lab: delete a snapshot',
}

/** What is lost by it. */
const loses =
  (verb: Verb, name: string): Disturbs =>
  (on) => {
    const nodes = (labOf(on)?.nodes ?? []).map((node) => node.name)
    if (verb === 'save') return []
    return onHosts(
      nodes,
      verb === 'resume'
        ? `goes back to the snapshot ${name}: what came after it is lost`
        : `its snapshot ${name} is deleted`,
    )
  }

export const labSnapshot = (verb: Verb, name: string): Play =>
  play(TITLES[verb], { hosts: 'localhost', tags: 'lab', disturbs: loses(verb, name) }, (on) => {
    const { lab, snapshots } = snapshotsOf(on)
    return snapshots[verb](lab, name)
  })

export const labSnapshots: Experiment = experiment(
  'Lab: snapshots',
  { hosts: 'localhost', disturbs: false, proves: {} },
  async (on) => {
    const { lab, snapshots } = snapshotsOf(on)
    await on.exhibit({ title: 'Snapshots of the lab', command: snapshots.list(lab), shown: 'qemu-img snapshot -l' })
  },
)
