import { stackProof } from './proof.ts'
import { voteProof } from './vote.ts'
import { stackDeployment } from './deployment.ts'
import { projectPlaybook } from '../project.ts'

const isVotingApp = (file: unknown): boolean => String(file).endsWith('examples/voting/compose.yaml')

export default projectPlaybook({
  name: 'stack',
  description:
    'Deploys a compose file as a stack (-e file=compose.yaml [-e name=...]) and waits for it to converge, ' +
    'or reports which task does not start and why. -e state=absent removes it; --tags stack skips the prerequisites.',
  steps: (_words, { file }) => [
    ...stackDeployment,
    stackProof,
    // Other stacks have no page to vote on.
    ...(isVotingApp(file) ? [voteProof] : []),
  ],
})
