import type { Closing, ClosingContext } from 'labbook'
import { commandFor } from '../app/closing.ts'
import { projectLab } from './lab.ts'

/** Summary screen of `lab.mjs up`: the nodes and next steps. */
export function labSummary(run: ClosingContext): Closing | undefined {
  const lab = projectLab(run)
  if (lab === undefined || (run.args[0] ?? 'up') !== 'up') return undefined
  const command = commandFor(run)
  return {
    standing: lab.nodes.map(({ name, ssh }) => [name, `${ssh.host}${ssh.port === 22 ? '' : `:${ssh.port}`}`]),
    figures: [],
    next: [
      ['Deploy the Swarm and its app', command('npx zx playbooks/site.mjs')],
      ['Show the lab', command('npx zx playbooks/lab.mjs status')],
      ['Remove the lab', command('npx zx playbooks/lab.mjs down')],
    ],
  }
}
