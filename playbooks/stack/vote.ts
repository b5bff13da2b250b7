import { inSeconds, labExperiment, say } from '../messages/say.ts'

/** The published port of the voting app, and a choice of its page: examples/voting/compose.yaml. */
const PORT = 8091
const CHOICE = 'Tea'

const address = (path: string): string => `http://127.0.0.1:${PORT}${path}`
const RESULT = `curl -sS --noproxy '*' ${address('/result/api/result')}`

/** Votes for a choice; NaN if the page did not answer. */
export function votesIn(stdout: string): number {
  try {
    const { counts } = JSON.parse(stdout) as { counts?: Readonly<Record<string, number>> }
    return counts?.[CHOICE] ?? Number.NaN
  } catch {
    return Number.NaN
  }
}

/** Casts a vote in the voting app, and waits until its result page counts it. */
export const voteProof = labExperiment(
  'Cast a vote',
  {
    hosts: 'swarm_managers[0]',
    tags: ['stack', 'proof'],
    // It adds a vote to those of the app.
    disturbs: false,
    hypothesis:
      'The vote page puts the vote into a queue in Redis, the worker moves it to PostgreSQL, and the result page counts it there.',
    assertions: { 'stack.vote.counted': 'A vote through one page is counted by the other' },
  },
  async (on) => {
    const { exhibit: before } = await on.watch({
      title: 'Votes before',
      command: RESULT,
      within: 60,
      until: ({ stdout }) => !Number.isNaN(votesIn(stdout)),
    })
    const cast = await on.exhibit({
      title: 'Cast a vote',
      command: `curl -sS --noproxy '*' -o /dev/null -w 'status %{http_code}\\n' -d choice=${CHOICE} ${address('/vote/')}`,
    })
    const wanted = votesIn(before.stdout) + 1
    const {
      reached,
      seconds,
      exhibit: after,
    } = await on.watch({
      title: 'Votes after',
      command: RESULT,
      within: 60,
      until: ({ stdout }) => votesIn(stdout) >= wanted,
    })
    on.finding('stack.vote.counted', {
      holds: Number.isNaN(wanted) ? null : cast.stdout.startsWith('status 303') && reached,
      evidence: [before, cast, after],
      detail: say('votes for {choice}: {before} before, {after} after {time}', {
        choice: CHOICE,
        before: votesIn(before.stdout),
        after: votesIn(after.stdout),
        time: inSeconds(seconds),
      }),
      measured: { 'time until the vote is counted': [seconds, 's'] },
    })
  },
)
