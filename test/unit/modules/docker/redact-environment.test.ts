import fc from 'fast-check'
import t from 'tap'
import { redactEnvironment } from '../../../../src/modules/docker/redact-environment.ts'
import { runs } from '../../../support/seed.ts'

t.test('values of environment variables are replaced, names and everything else stay', async (t) => {
  t.equal(
    redactEnvironment('200\n{"Image":"a","Env":["PATH=/bin","EMPTY=","FLAG"],"Args":["x=1"]}'),
    '200\n{"Image":"a","Env":["PATH=[REDACTED]","EMPTY=[REDACTED]","FLAG"],"Args":["x=1"]}',
  )
  t.equal(redactEnvironment('{"Env":[]},{"Env":null}'), '{"Env":[]},{"Env":null}')
  t.equal(redactEnvironment('{"Env":["A=1","B=cut o'), '{"Env":["A=[REDACTED]","B=[REDACTED]', 'a truncated response')
})

t.test('no value remains wherever the response is cut off', async (t) => {
  const whole = JSON.stringify([{ Env: ['A=S3cr3t\u0000"\\\n', 'B=S3cr3t\\\\'], Last: '' }])
  for (let cut = 0; cut <= whole.length; cut++) {
    const redacted = redactEnvironment(whole.slice(0, cut))
    t.notMatch(redacted, /S3c/, `cut at ${cut}: ${redacted}`)
  }
})

t.test('no value remains in any JSON text with environments', async (t) => {
  const name = fc.stringMatching(/^[A-Z_]{1,8}$/)
  const value = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `S3cr3t${text}`)
  const services = fc.array(
    fc.record({
      Name: fc.string(),
      Env: fc.array(fc.tuple(name, value).map((pair) => pair.join('='))),
      Last: fc.string(),
    }),
  )
  fc.assert(
    fc.property(services, fc.nat(400), (list, cut) => {
      const whole = JSON.stringify(list)
      const redacted = redactEnvironment(whole)
      if (redacted.includes('S3cr3t')) throw new Error(redacted)
      const expected = list.map((service) => ({
        ...service,
        Env: service.Env.map((variable) => variable.replace(/=.*$/s, '=[REDACTED]')),
      }))
      t.same(JSON.parse(redacted), expected)
      if (/S3cr3t/.test(redactEnvironment(whole.slice(0, cut)))) throw new Error(`cut at ${cut}: ${whole}`)
    }),
    { numRuns: runs(200) },
  )
})
