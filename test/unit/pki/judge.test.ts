import fc from 'fast-check'
import t from 'tap'
import { KEY_WORDS, type CertificateFacts, type KeySeen } from '../../../src/pki/facts.ts'
import { reasons, type CertificateAsked, type CertificateSeen } from '../../../src/pki/judge.ts'
import { canonicalName } from '../../../src/pki/names.ts'

const DAY = 86_400_000

interface Situation {
  readonly asked: CertificateAsked
  readonly seen: Omit<CertificateSeen, 'certificate'> & { readonly certificate: CertificateFacts }
  readonly now: number
}

/** A certificate that is just what is asked. */
const inOrder: fc.Arbitrary<Situation> = fc
  .record({
    names: fc.uniqueArray(fc.oneof(fc.domain(), fc.ipV4()), { minLength: 1, maxLength: 5 }),
    key_type: fc.constantFrom('ec', 'rsa'),
    renew_before_days: fc.integer({ min: 0, max: 400 }),
    generation: fc.integer({ min: 1, max: 5 }),
    older: fc.integer({ min: 0, max: 5 }),
    now: fc.integer({ min: 1e12, max: 3e12 }),
    age: fc.integer({ min: 0, max: 1000 * DAY }),
    spare: fc.integer({ min: 0, max: 1000 * DAY }),
  })
  .map(({ names, key_type, renew_before_days, generation, older, now, age, spare }) => ({
    asked: { names, key_type, renew_before_days, generation },
    seen: {
      certificate: {
        common_name: 'registry',
        names,
        key_type: KEY_WORDS[key_type],
        issuer: 'CA',
        not_before: now - age,
        not_after: now + Math.max(renew_before_days * DAY, 1) + spare,
        fingerprint: 'AA',
        serial: '1',
        authority: false,
        for_servers: true,
      },
      key: { state: 'read', type: KEY_WORDS[key_type], encrypted: false, belongs: true },
      issued_by_ca: true,
      generation: generation + older,
    },
    now,
  }))

type Change = (situation: Situation, n: number) => Situation
const ofCertificate =
  (change: (facts: CertificateFacts, situation: Situation, n: number) => Partial<CertificateFacts>): Change =>
  (situation, n) => {
    const { certificate } = situation.seen
    return {
      ...situation,
      seen: { ...situation.seen, certificate: { ...certificate, ...change(certificate, situation, n) } },
    }
  }
const ofKey =
  (key: KeySeen): Change =>
  (situation) => ({ ...situation, seen: { ...situation.seen, key } })

/** What may be wrong, one of each group at a time; and what is then said. */
const wrong: Readonly<Record<string, readonly (readonly [Change, RegExp])[]>> = {
  time: [
    [
      ofCertificate((_, { now, asked }, n) => ({
        not_after: now + Math.max(1, asked.renew_before_days * DAY - 1 - (n % DAY)),
      })),
      /^it ends in /,
    ],
    [ofCertificate((_, { now }, n) => ({ not_after: now - n, not_before: now - n - DAY })), /^it ended on /],
    [
      ofCertificate((_, { now }, n) => ({ not_before: now + 1 + n, not_after: now + 1 + n + 1000 * DAY })),
      /^it is not valid before /,
    ],
  ],
  missing: [
    [
      (situation) => ({ ...situation, asked: { ...situation.asked, names: [...situation.asked.names, 'absent'] } }),
      /^it lacks absent$/,
    ],
  ],
  tooMany: [[ofCertificate(({ names }) => ({ names: [...names, 'present'] })), /^it has present too$/]],
  issuer: [
    [(situation) => ({ ...situation, seen: { ...situation.seen, issued_by_ca: false } }), /^another CA issued it$/],
  ],
  type: [[ofCertificate(() => ({ key_type: 'ed25519' })), /^its key is ed25519, (EC P-256|RSA 3072) is asked$/]],
  usage: [
    [ofCertificate(() => ({ for_servers: false })), /^it is not one of a server$/],
    [ofCertificate(() => ({ authority: true })), /^it is not one of a server$/],
  ],
  key: [
    [ofKey({ state: 'missing' }), /^its key is missing$/],
    [ofKey({ state: 'damaged' }), /^its key is damaged$/],
    [ofKey({ state: 'needs a passphrase' }), /^its key is encrypted$/],
    [ofKey({ state: 'read', type: 'EC P-256', encrypted: false, belongs: false }), /^its key does not belong to it$/],
  ],
  generation: [
    [
      (situation, n) => ({
        ...situation,
        asked: { ...situation.asked, generation: situation.seen.generation + 1 + (n % 9) },
      }),
      /^generation \d+ is asked, it is of generation \d+$/,
    ],
  ],
}

t.test('what is in order stays, and each thing that is wrong is said, once', (t) => {
  const some = fc.record(
    Object.fromEntries(Object.entries(wrong).map(([group, ways]) => [group, fc.option(fc.constantFrom(...ways))])),
  )
  fc.assert(
    fc.property(inOrder, some, fc.nat(500 * DAY), (situation, chosen, n) => {
      // Where nothing is renewed before its end, nothing ends too soon.
      const ways = Object.values(chosen)
        .filter((way) => way !== null)
        .filter(([, says]) => situation.asked.renew_before_days > 0 || !says.test('it ends in '))
      const { asked, seen, now } = ways.reduce((before, [change]) => change(before, n), situation)
      const said = reasons(asked, seen, now)
      t.equal(said.length, ways.length, said.join(', '))
      for (const [, says] of ways) t.equal(said.filter((reason) => says.test(reason)).length, 1, String(says))
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('of none, and of a damaged one, nothing else is known', (t) => {
  fc.assert(
    fc.property(inOrder, ({ asked, seen, now }) => {
      t.same(reasons(asked, { ...seen, certificate: 'missing', key: { state: 'missing' }, generation: 0 }, now), [
        'there is none',
      ])
      t.same(
        reasons(
          asked,
          {
            ...seen,
            certificate: 'damaged',
            key: { state: 'read', type: 'EC P-256', encrypted: false, belongs: false },
          },
          now,
        ),
        ['it is damaged'],
      )
    }),
    { numRuns: 20 },
  )
  t.end()
})

t.test('days are whole, and counted down', (t) => {
  const [situation] = fc.sample(inOrder, 1) as [Situation]
  const { seen, now } = situation
  const asked = { ...situation.asked, renew_before_days: 30 }
  const ends = (milliseconds: number): string[] =>
    reasons(asked, { ...seen, certificate: { ...seen.certificate, not_after: now + milliseconds } }, now)
  t.same(ends(30 * DAY), [])
  t.same(ends(30 * DAY - 1), ['it ends in 29 days'])
  t.same(ends(12 * DAY), ['it ends in 12 days'])
  t.same(ends(DAY), ['it ends in 1 day'])
  t.same(ends(DAY - 1), ['it ends in less than a day'])
  t.match(ends(0), [/^it ended on /])
  t.end()
})

t.test('a name in its one form stays as it is', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string()), (name) => {
      const form = canonicalName(name)
      t.equal(form === undefined ? undefined : canonicalName(form), form)
      t.equal(canonicalName(name.toUpperCase()), canonicalName(name.toUpperCase().toLowerCase()))
    }),
  )
  t.equal(canonicalName('FD00:0:0::0:1'), 'fd00::1')
  t.end()
})
