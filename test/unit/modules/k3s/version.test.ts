import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { compareVersions, parseVersion, upgradeError, type K3sVersion } from '../../../../src/modules/k3s/version.ts'

const recorded = readFileSync(new URL('../../../fixtures/k3s-1.35/show-k3s.txt', import.meta.url), 'utf8')

const version = (text: string): K3sVersion => parseVersion(text) as K3sVersion

t.test('parseVersion() parses versions of k3s, and upgradeError() names a refused upgrade', async (t) => {
  t.equal(version(recorded).text, 'v1.35.0+k3s1')
  t.equal(parseVersion('v1.23.8'), undefined)
  t.ok(compareVersions(version('v1.36.0-rc1+k3s1'), version('v1.36.0+k3s1')) < 0)
  t.ok(compareVersions(version('v1.9.0+k3s1'), version('v1.10.0+k3s1')) < 0)
  t.equal(upgradeError(version('v1.35.9+k3s1'), version('v1.36.4+k3s1')), undefined)
  t.match(
    upgradeError(version('v1.36.4+k3s2'), version('v1.36.4+k3s1')),
    /cannot downgrade.*remove k3s from all hosts first$/,
  )
  t.match(
    upgradeError(version('v1.34.1+k3s1'), version('v1.36.4+k3s1')),
    /2 minor versions newer.*release of v1\.35 first/,
  )
})

t.test('upgradeError() allows an upgrade in one direction only', async () => {
  const any = fc
    .tuple(fc.constant(1), fc.nat(40), fc.nat(20), fc.integer({ min: 1, max: 3 }))
    .map(([major, minor, patch, k3s]) => version(`v${major}.${minor}.${patch}+k3s${k3s}`))
  fc.assert(
    fc.property(any, any, (a, b) => {
      if (Math.sign(compareVersions(a, b)) !== -Math.sign(compareVersions(b, a))) return false
      return a.text === b.text
        ? upgradeError(a, b) === undefined
        : upgradeError(a, b) !== undefined || upgradeError(b, a) !== undefined
    }),
  )
})
