import type { Messages } from './messages/index.ts'

export type Question = keyof Messages['questions']

/** The questions of the lab, in the report's order, with the id prefixes of the findings that answer them. */
const ID_PREFIXES: Readonly<Record<Question, readonly string[]>> = {
  drain: ['swarm.drain.'],
  returns: ['swarm.active.'],
  bringsBack: ['swarm.force-update.'],
  survives: ['swarm.node-', 'swarm.daemon-'],
  managers: ['swarm.manager-'],
  replicas: ['swarm.scale.', 'app.replicas.', 'stack.replicas'],
  update: ['swarm.update.', 'swarm.rollback.'],
  health: ['swarm.health.', 'stack.health'],
  dependsOn: ['swarm.depends-on.', 'app.waits-for-'],
  capacity: ['load.capacity.', 'load.scaling', 'load.share'],
  users: ['load.users.'],
  images: ['registry.storage.', 'registry.pull.', 'registry.gc.'],
  registry: ['registry.'],
}

/**
 * Groups findings by the question they answer. A finding answers the question with the longest matching id prefix.
 * Unanswered questions are omitted; the order of findings is kept.
 */
export function groupByQuestion<F extends { readonly id: string }>(
  findings: readonly F[],
): { readonly question: Question; readonly answers: readonly F[] }[] {
  const questions = Object.keys(ID_PREFIXES) as Question[]
  const answers = new Map<Question, F[]>(questions.map((question) => [question, []]))
  for (const finding of findings) {
    const question = questionOf(finding.id)
    if (question !== undefined) answers.get(question)?.push(finding)
  }
  return [...answers].flatMap(([question, answers]) => (answers.length === 0 ? [] : [{ question, answers }]))
}

function questionOf(id: string): Question | undefined {
  let best: { question: Question; length: number } | undefined
  for (const [question, prefixes] of Object.entries(ID_PREFIXES) as [Question, readonly string[]][]) {
    for (const { length } of prefixes.filter((prefix) => id.startsWith(prefix))) {
      if (best === undefined || length > best.length) best = { question, length }
    }
  }
  return best?.question
}
