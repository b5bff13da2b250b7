import fc from 'fast-check'
import t from 'tap'
import { KEY_TYPE_NAMES, type CertificateFacts, type KeyState } from '../../../../src/modules/x509/facts.ts'
import { renewalReasons, type CertificateParams, type CertificateState } from '../../../../src/modules/x509/renewal.ts'
import { canonicalName } from '../../../../src/modules/x509/names.ts'

const DAY = 86_400_000

interface Situation {
  readonly asked: CertificateParams
  readonly seen: Omit<CertificateState, 'certificate'> & { readonly certificate: CertificateFacts }
  readonly now: number
}

/** A certificate that matches its parameters. */
const matching: fc.Arbitrary<Situation> = fc
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
        key_type: KEY_TYPE_NAMES[key_type],
        issuer: 'CA',
        not_before: now - age,
        not_after: now + Math.max(renew_before_days * DAY, 1) + spare,
        fingerprint: 'AA',
        serial: '1',
        authority: false,
        for_servers: true,
      },
      key: { state: 'read', type: KEY_TYPE_NAMES[key_type], encrypted: false, belongs: true },
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
  (key: KeyState): Change =>
  (situation) => ({ ...situation, seen: { ...situation.seen, key } })

/** Mismatches, at most one of each group at a time, and the expected reason. */
const mismatches: Readonly<Record<string, readonly (readonly [Change, RegExp])[]>> = {
  time: [
    [
      ofCertificate((_, { now, asked }, n) => ({
        not_after: now + Math.max(1, asked.renew_before_days * DAY - 1 - (n % DAY)),
      })),
      /^expires in /,
    ],
    [ofCertificate((_, { now }, n) => ({ not_after: now - n, not_before: now - n - DAY })), /^expired on /],
    [
      ofCertificate((_, { now }, n) => ({ not_before: now + 1 + n, not_after: now + 1 + n + 1000 * DAY })),
      /^not valid before /,
    ],
  ],
  missing: [
    [
      (situation) => ({ ...situation, asked: { ...situation.asked, names: [...situation.asked.names, 'absent'] } }),
      /^missing names: absent$/,
    ],
  ],
  tooMany: [[ofCertificate(({ names }) => ({ names: [...names, 'present'] })), /^extra names: present$/]],
  issuer: [
    [(situation) => ({ ...situation, seen: { ...situation.seen, issued_by_ca: false } }), /^issued by another CA$/],
  ],
  type: [[ofCertificate(() => ({ key_type: 'ed25519' })), /^key type is ed25519, not (EC P-256|RSA 3072)$/]],
  usage: [
    [ofCertificate(() => ({ for_servers: false })), /^not a server certificate$/],
    [ofCertificate(() => ({ authority: true })), /^not a server certificate$/],
  ],
  key: [
    [ofKey({ state: 'missing' }), /^key is missing$/],
    [ofKey({ state: 'damaged' }), /^key is damaged$/],
    [ofKey({ state: 'needs a passphrase' }), /^key is encrypted$/],
    [ofKey({ state: 'read', type: 'EC P-256', encrypted: false, belongs: false }), /^key does not match$/],
  ],
  generation: [
    [
      (situation, n) => ({
        ...situation,
        asked: { ...situation.asked, generation: situation.seen.generation + 1 + (n % 9) },
      }),
      /^generation \d+ is requested, the current one is \d+$/,
    ],
  ],
}

t.test('renewalReasons() reports each mismatch exactly once, and nothing else', (t) => {
  const some = fc.record(
    Object.fromEntries(
      Object.entries(mismatches).map(([group, cases]) => [group, fc.option(fc.constantFrom(...cases))]),
    ),
  )
  fc.assert(
    fc.property(matching, some, fc.nat(500 * DAY), (situation, chosen, n) => {
      // Without renewal before expiry, nothing expires too soon.
      const cases = Object.values(chosen)
        .filter((each) => each !== null)
        .filter(([, reason]) => situation.asked.renew_before_days > 0 || !reason.test('expires in '))
      const { asked, seen, now } = cases.reduce((before, [change]) => change(before, n), situation)
      const reported = renewalReasons(asked, seen, now)
      t.equal(reported.length, cases.length, reported.join(', '))
      for (const [, reason] of cases) t.equal(reported.filter((each) => reason.test(each)).length, 1, String(reason))
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('renewalReasons() of a missing or damaged certificate is a single one', (t) => {
  fc.assert(
    fc.property(matching, ({ asked, seen, now }) => {
      t.same(
        renewalReasons(asked, { ...seen, certificate: 'missing', key: { state: 'missing' }, generation: 0 }, now),
        ['missing'],
      )
      t.same(
        renewalReasons(
          asked,
          {
            ...seen,
            certificate: 'damaged',
            key: { state: 'read', type: 'EC P-256', encrypted: false, belongs: false },
          },
          now,
        ),
        ['damaged'],
      )
    }),
    { numRuns: 20 },
  )
  t.end()
})

t.test('days until expiry of a certificate are rounded down', (t) => {
  const [situation] = fc.sample(matching, 1) as [Situation]
  const { seen, now } = situation
  const asked = { ...situation.asked, renew_before_days: 30 }
  const expiry = (milliseconds: number): string[] =>
    renewalReasons(asked, { ...seen, certificate: { ...seen.certificate, not_after: now + milliseconds } }, now)
  t.same(expiry(30 * DAY), [])
  t.same(expiry(30 * DAY - 1), ['expires in 29 days'])
  t.same(expiry(12 * DAY), ['expires in 12 days'])
  t.same(expiry(DAY), ['expires in 1 day'])
  t.same(expiry(DAY - 1), ['expires in less than a day'])
  t.match(expiry(0), [/^expired on /])
  t.end()
})

t.test('canonicalName() is idempotent and case-insensitive', (t) => {
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
