import { resolve } from 'node:path'
import { copy, play, PlaybookError } from '../../src/labbook.ts'
import { lab_keys } from '../../src/lab/keys.ts'
import { vagrantfileOf } from '../../src/lab/vagrantfile.ts'
import { labOf } from './lab.ts'

/** Writes a Vagrantfile where the command was given. Another release than bookworm: `lab_release`. */
export const vagrantfile = play('Vagrantfile', { hosts: 'localhost', tags: 'lab' }, (on) => {
  const lab = labOf(on)
  if (lab === undefined)
    throw new PlaybookError(
      'no host of the inventory has lab_provider: a Vagrantfile is written for the nodes of a lab',
    )
  return [
    lab_keys('Key of the lab', { dir: lab.dir }),
    copy('Write the Vagrantfile', {
      dest: resolve('Vagrantfile'),
      content: vagrantfileOf(lab, lab.vm.release ?? 'bookworm'),
      mode: '0644',
    }),
  ]
})
