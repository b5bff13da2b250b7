import t from 'tap'
import type { PlayStart, RunEvent } from '../../../src/events/events.ts'
import { applyEvent, initialPlayState, type PlayState } from '../../../src/ui/play-state.ts'
import { experimentLine, hostLine, liveTitle } from '../../../src/ui/format/live.ts'
import { palette } from '../../../src/ui/format/palette.ts'
import { recording } from '../../support/events.ts'

const plain = palette(false)

/** The state of the last play of a recording, and the time of its last event. */
function boardOf(events: readonly RunEvent[]): { board: PlayState; now: number } {
  const from = events.findLastIndex(({ type }) => type === 'play_start')
  const board = initialPlayState(events[from] as PlayStart)
  for (const event of events.slice(from + 1)) applyEvent(board, event)
  return { board, now: Date.parse(events.at(-1)?.time ?? '') }
}

const experimentLines = (tell: (run: ReturnType<typeof recording>) => void, laterMs = 0): string => {
  const run = recording()
  run.play('Drain', 'experiment', ['node1'])
  tell(run)
  const { board, now } = boardOf(run.events)
  return experimentLine(board, now + laterMs, plain)
}

t.test('title has the phase, both elapsed times, and the estimated time left', async (t) => {
  const title = (expected: readonly (number | undefined)[], laterMs: number, phase = { number: 2, of: 3 }): string => {
    const run = recording()
    run.play('Swarm', 'play', ['node1'], { phase })
    const { board, now } = boardOf(run.events)
    return liveTitle(board, { startedAt: now - 100_000, phaseDurations: expected }, now + laterMs, plain)
  }
  t.equal(title([], 8000), 'Swarm  phase 2 of 3, 8s; run 1m 48s', 'the first run has no estimate')
  t.equal(title([undefined, undefined, undefined], 8000), 'Swarm  phase 2 of 3, 8s; run 1m 48s')
  t.equal(title([90_000, 20_000, 100_000], 8000), 'Swarm  phase 2 of 3, 8s; run 1m 48s, about 1m 52s left')
  t.equal(
    title([90_000, 20_000, 100_000], 30_000),
    'Swarm  phase 2 of 3, 30s; run 2m 10s, about 1m 40s left',
    'a play that takes longer than last time has no estimate',
  )
  t.equal(
    title([90_000, 20_000, undefined], 8000),
    'Swarm  phase 2 of 3, 8s; run 1m 48s, at least 12s left',
    'a play without an earlier run has no estimate',
  )
  t.equal(
    title([90_000, 20_000], 30_000, { number: 2, of: 2 }),
    'Swarm  phase 2 of 2, 30s; run 2m 10s',
    'no expected time is left',
  )
})

t.test(
  'warning comes before the times, so that a narrow terminal does not truncate it; information after them',
  async (t) => {
    const title = (level: 'info' | 'warning'): string => {
      const run = recording()
      run.play('Swarm')
      run.notice('Ctrl-C once more', { level })
      const { board } = boardOf(run.events)
      return liveTitle(board, { startedAt: board.startedAt, phaseDurations: [] }, board.startedAt, plain)
    }
    t.equal(title('warning'), 'Swarm  Ctrl-C once more  0s; run 0s')
    t.equal(title('info'), 'Swarm  0s; run 0s  Ctrl-C once more')
  },
)

t.test('play of an older version has no phase', async (t) => {
  const run = recording()
  run.play('Swarm')
  const { board, now } = boardOf(run.events)
  t.equal(liveTitle(board, { startedAt: now, phaseDurations: [1000] }, now, plain), 'Swarm  0s; run 0s')
})

t.test('experiment shows the running command or what it is waiting for, never an ended one', async (t) => {
  const start = (run: ReturnType<typeof recording>): void => {
    run.exhibitStart('Drain', 'Drain node3', 'node1')
  }
  const end = (run: ReturnType<typeof recording>): void => {
    run.exhibit('drain-node3', 'docker node update', { title: 'Drain node3' })
  }
  t.equal(
    experimentLines(() => {}),
    'running, 0 exhibits so far',
  )
  t.equal(experimentLines(start, 4000), 'node1  Drain node3  4s')
  t.equal(
    experimentLines((run) => {
      start(run)
      end(run)
    }),
    'running, 1 exhibit so far',
  )
  const wait = (run: ReturnType<typeof recording>): void => {
    run.waiting('Drain', 'node3 Down', 120, 'node1')
  }
  t.equal(
    experimentLines((run) => {
      start(run)
      end(run)
      wait(run)
    }, 8300),
    'waiting for node3 Down, 8 of 120 s',
  )
  t.equal(experimentLines(wait, 500_000), 'waiting for node3 Down, 120 of 120 s')
  t.equal(
    experimentLines((run) => {
      wait(run)
      run.exhibit('x', 'docker node ls', { title: 'node3 is Down' })
    }),
    'running, 1 exhibit so far',
  )
  t.equal(
    experimentLines((run) => {
      start(run)
      run.exhibit('x', 'GET /', { title: 'Beside it' })
    }, 1000),
    'node1  Drain node3  2s',
    'another command has ended',
  )
})

t.test('host shows what its task is waiting for until the task ends', async (t) => {
  const run = recording()
  run.play('Swarm', 'play', ['node1'])
  run.task('Swarm', 'Redis works', 'node1')
  run.waiting('Swarm', 'Redis works', 60, 'node1')
  const line = (): string => {
    const { board, now } = boardOf(run.events)
    return hostLine([...board.hosts.values()][0] as never, 5, now + 5000, plain)
  }
  t.equal(line(), 'node1    0 ok    0 changed   waiting for Redis works, 5 of 60 s')
  run.result('Swarm', 'Redis works', 'node1')
  t.equal(line(), 'node1    1 ok    0 changed   idle')
  run.task('Swarm', 'Next', 'node1')
  t.equal(line(), 'node1    1 ok    0 changed   Next  5s')
})
