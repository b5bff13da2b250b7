import t from 'tap'
import { countTrips } from '../../../bench/measure/trips.ts'

const packet = (from: string, to: string): string => `IP ${from} > ${to}: tcp 32`
const CLIENT = '127.0.0.1.40000'
const SERVER = '127.66.0.1.22'

t.test('request and response are one round trip, whatever the number of packets', async (t) => {
  const text = [packet(CLIENT, SERVER), packet(CLIENT, SERVER), packet(SERVER, CLIENT), packet(SERVER, CLIENT)].join(
    '\n',
  )
  t.equal(countTrips(text), 1)
})

t.test('server-first data and unanswered requests are no round trip', async (t) => {
  t.equal(countTrips([packet(SERVER, CLIENT), packet(CLIENT, SERVER)].join('\n')), 0)
})

t.test('round trips are counted per connection', async (t) => {
  const other = '127.0.0.1.40001'
  const text = [packet(CLIENT, SERVER), packet(other, SERVER), packet(SERVER, CLIENT), packet(SERVER, other)].join('\n')
  t.equal(countTrips(text), 2)
})

t.test('lines that are not packets do not count', async (t) => {
  t.equal(countTrips(`reading from file\n${packet(CLIENT, SERVER)}\n\n${packet(SERVER, CLIENT)}\n`), 1)
})
