import { resolve } from 'node:path'
import { copy, play, PlaybookError } from 'labbook'
import { lab_keys, vagrantfileOf } from 'labbook/lab'
import { projectLab } from './lab.ts'

/** Writes a Vagrantfile to the working directory. `lab_release` sets the Debian release (default: bookworm). */
export const vagrantfile = play('Write Vagrantfile', { hosts: 'localhost', tags: 'lab' }, (on) => {
  const lab = projectLab(on)
  if (lab === undefined)
    throw new PlaybookError('no host of the inventory has lab_provider: a Vagrantfile describes the nodes of a lab')
  return [
    lab_keys('Create lab SSH key', { dir: lab.dir }),
    copy('Write Vagrantfile', {
      dest: resolve('Vagrantfile'),
      content: vagrantfileOf(lab, lab.vm.release ?? 'bookworm', 'npx zx playbooks/lab.mjs vagrantfile'),
      mode: '0644',
    }),
  ]
})
