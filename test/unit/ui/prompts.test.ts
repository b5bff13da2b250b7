import t from 'tap'
import { canAsk } from '../../../src/ui/index.ts'
import { onTerminal } from '../../support/terminal.ts'

const ASK = new URL('./programs/ask.ts', import.meta.url)
const NO_COLOUR = { NO_COLOR: '1' }
/** The list is drawn once before it listens. */
const DRAWN = ['node3', ''] as const

void t.test('all hosts are chosen at first', async (t) => {
  const { raw, screen } = await onTerminal(ASK, ['hosts'], { env: NO_COLOUR, talk: [DRAWN, ['node3', '\r']] })
  t.match(raw, '◉ node1 managers, docker')
  t.ok(screen.includes('ANSWER ["node1","node2","node3"]'))
})

void t.test('space takes a host out', async (t) => {
  const { screen } = await onTerminal(ASK, ['hosts'], {
    env: NO_COLOUR,
    talk: [DRAWN, ['node3', '\u001b[B'], ['❯ ◉ node2', ' '], ['◯ node2', '\r']],
  })
  t.ok(screen.includes('ANSWER ["node1","node3"]'))
})

void t.test('no host chosen is refused and says why', async (t) => {
  const { raw, screen } = await onTerminal(ASK, ['hosts'], {
    env: NO_COLOUR,
    talk: [DRAWN, ['node3', 'a'], ['◯ node3', '\r'], ['No host is chosen', 'a'], ['◉ node3', '\r']],
  })
  t.match(raw, 'choose one with space')
  t.ok(screen.includes('ANSWER ["node1","node2","node3"]'))
})

void t.test('a password is not shown and comes as a secret', async (t) => {
  const { raw, screen } = await onTerminal(ASK, ['password'], {
    env: NO_COLOUR,
    talk: [['BECOME password', 's3cret\r']],
  })
  t.ok(screen.includes('ANSWER ["[REDACTED]",true]'))
  t.notMatch(raw.slice(raw.indexOf('BECOME')), 's3cret')
})

void t.test('an empty password is refused', async (t) => {
  const { screen } = await onTerminal(ASK, ['password'], {
    env: NO_COLOUR,
    talk: [
      ['BECOME password', '\r'],
      ['The password is empty', 's3cret\r'],
    ],
  })
  t.ok(screen.includes('ANSWER ["[REDACTED]",true]'))
})

void t.test('a question is answered with y; Enter alone is no', async (t) => {
  const yes = await onTerminal(ASK, ['confirm'], { env: NO_COLOUR, talk: [['Remove the lab?', 'y']] })
  t.ok(yes.screen.includes('ANSWER true'))
  const enter = await onTerminal(ASK, ['confirm'], { env: NO_COLOUR, talk: [['Remove the lab?', '\r']] })
  t.ok(enter.screen.includes('ANSWER false'))
})

void t.test('Ctrl-C in a question is Cancelled', async (t) => {
  for (const [question, seen] of [
    ['hosts', 'node3'],
    ['password', 'BECOME'],
    ['confirm', 'Remove'],
  ] as const) {
    const { screen } = await onTerminal(ASK, [question], {
      env: NO_COLOUR,
      talk: [...(question === 'hosts' ? [DRAWN] : []), [seen, '\u0003']],
    })
    t.ok(screen.includes('CANCELLED'), question)
  }
})

void t.test('questions are asked only of someone who can answer', async (t) => {
  const terminal = { isTTY: true }
  const free = { noInput: false, yes: false, json: false, stdin: terminal, stdout: terminal }
  t.equal(canAsk(free), true)
  t.equal(canAsk({ ...free, noInput: true }), false)
  t.equal(canAsk({ ...free, yes: true }), false)
  t.equal(canAsk({ ...free, json: true }), false)
  t.equal(canAsk({ ...free, stdin: {} }), false)
  t.equal(canAsk({ ...free, stdout: {} }), false)
})
