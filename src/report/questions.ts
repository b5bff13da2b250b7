import type { Words } from './words/index.ts'

export type Question = keyof Words['questions']

/**
 * The questions of the lab in the order a report answers them, and what the ids of the findings that answer each begin
 * with.
 */
const ANSWERS: Readonly<Record<Question, readonly string[]>> = {
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
 * Puts findings to the questions they answer. A finding answers one question, that of the longest beginning its id has;
 * a question shows only where it is answered.
 *
 * @param findings - in the order they are to stand in.
 */
export function answered<F extends { readonly id: string }>(
  findings: readonly F[],
): { readonly question: Question; readonly answers: readonly F[] }[] {
  const questions = Object.keys(ANSWERS) as Question[]
  const answers = new Map<Question, F[]>(questions.map((question) => [question, []]))
  for (const finding of findings) {
    const question = questionOf(finding.id)
    if (question !== undefined) answers.get(question)?.push(finding)
  }
  return [...answers].flatMap(([question, answers]) => (answers.length === 0 ? [] : [{ question, answers }]))
}

function questionOf(id: string): Question | undefined {
  let best: { question: Question; length: number } | undefined
  for (const [question, beginnings] of Object.entries(ANSWERS) as [Question, readonly string[]][]) {
    for (const { length } of beginnings.filter((beginning) => id.startsWith(beginning))) {
      if (best === undefined || length > best.length) best = { question, length }
    }
  }
  return best?.question
}
