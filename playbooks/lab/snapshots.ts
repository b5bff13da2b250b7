import {
  disturbAll,
  type Disturbs,
  type Experiment,
  experiment,
  type Play,
  play,
  PlaybookError,
  type PlayContext,
} from 'labbook'
import { type Lab, providerOf, type Snapshots } from 'labbook/lab'
import { projectLab } from './lab.ts'

/** @throws {PlaybookError} if there is no lab, or its provider does not support snapshots. */
function snapshotsOf(on: Pick<PlayContext, 'groups' | 'hostvars'>): { lab: Lab; snapshots: Snapshots } {
  const lab = projectLab(on)
  if (lab === undefined) throw new PlaybookError('no host of the inventory has lab_provider: snapshots need a lab')
  const { snapshots, name } = providerOf(lab)
  if (snapshots === undefined)
    throw new PlaybookError(`provider ${name} does not support snapshots: use virtual machines (--provider qemu)`)
  return { lab, snapshots }
}

type Verb = 'save' | 'resume' | 'remove'
const TITLES: Readonly<Record<Verb, string>> = {
  save: 'Create lab snapshot',
  resume: 'Restore lab snapshot',
  remove: 'Delete lab snapshot',
}

/** Data that the action discards. */
const discards =
  (verb: Verb, name: string): Disturbs =>
  (on) => {
    const nodes = (projectLab(on)?.nodes ?? []).map((node) => node.name)
    if (verb === 'save') return []
    return disturbAll(
      nodes,
      verb === 'resume'
        ? `is restored to the snapshot "${name}": later changes are lost`
        : `its snapshot "${name}" is deleted`,
    )
  }

export const labSnapshot = (verb: Verb, name: string): Play =>
  play(TITLES[verb], { hosts: 'localhost', tags: 'lab', disturbs: discards(verb, name) }, (on) => {
    const { lab, snapshots } = snapshotsOf(on)
    return snapshots[verb](lab, name)
  })

export const labSnapshots: Experiment = experiment(
  'List lab snapshots',
  { hosts: 'localhost', disturbs: false, assertions: {} },
  async (on) => {
    const { lab, snapshots } = snapshotsOf(on)
    await on.exhibit({ title: 'Lab snapshots', command: snapshots.list(lab), displayCommand: 'qemu-img snapshot -l' })
  },
)
