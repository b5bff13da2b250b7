import { writeFileSync } from 'node:fs'
import { experiment, disturbAll, play, playbook, shell, type Disturbs } from '../../../../src/labbook.ts'

// The playbooks of disturbing.mjs: their experiments write files on the controller instead of disturbing the hosts of
// nodes.
const [root = '', name = ''] = process.argv.slice(2)
const nodes =
  (what: string): Disturbs =>
  ({ groups }) =>
    disturbAll(groups.nodes ?? [], what)
const done = (what: string): void => {
  writeFileSync(`${root}/${what}`, '')
}

const install = play('Install', { hosts: 'localhost' }, () => [
  shell('Install', { cmd: `touch ${root}/installed`, creates: `${root}/installed` }),
])
const strike = experiment(
  'A node loses its power',
  {
    hosts: 'localhost',
    tags: 'experiments',
    disturbs: nodes('is powered off'),
    assertions: { strike: 'It is struck' },
  },
  async (on) => {
    done('struck')
    on.finding('strike', { holds: true, evidence: [] })
  },
)
const look = experiment('It answers', { hosts: 'localhost', disturbs: false, assertions: {} }, async () => {
  done('looked')
})

const PLAYBOOKS = {
  site: playbook({ name, description: 'Provisions.', withoutPermission: 'leave out', steps: [install, look, strike] }),
  experiments: playbook({
    name,
    description: 'Strikes.',
    subcommands: { all: 'all of them', 'node-killed': strike.name, look: look.name },
    multipleSubcommands: true,
    experiments: { 'node-killed': strike, look },
    steps: (words) => [
      install,
      ...(words.some((word) => word !== 'look') ? [strike] : []),
      ...(words.some((word) => word !== 'node-killed') ? [look] : []),
    ],
  }),
  plain: playbook({ name, description: 'Provisions, and has no experiment.', steps: [install] }),
}

export default PLAYBOOKS[name as keyof typeof PLAYBOOKS]
