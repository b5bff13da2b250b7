import t from 'tap'
import { type KindInfo, targetsOf, undisturbed, unknownName } from '../../../../playbooks/methods/experiment-kinds.ts'

interface Service {
  readonly name: string
  readonly role: string
  readonly overrides: { readonly skip?: readonly string[] }
}
const service = (name: string, role = 'stateless', skip?: readonly string[]): Service => ({
  name,
  role,
  overrides: skip === undefined ? {} : { skip },
})
const MODEL = {
  services: [
    service('web'),
    service('db', 'stateful'),
    service('job', 'one-shot'),
    service('old', 'stateless', ['kill']),
  ],
}
const KILL: KindInfo<Service, typeof MODEL> = { title: 'Kill', scope: 'service', effect: () => '', needs: '-' }
const targets = (kind: string, info: Partial<typeof KILL>, named?: readonly string[]): string =>
  targetsOf(kind, { ...KILL, ...info }, MODEL, named)
    .map(({ name }) => name)
    .join(' ')

t.test('stateful services are disturbed only if they are named', async (t) => {
  t.equal(targets('scale', {}), 'web old')
  t.equal(targets('scale', {}, ['db', 'job']), 'db')
  t.equal(targets('drain', { scope: 'node' }), 'web old')
  t.equal(targets('settings', { scope: 'nothing' }), 'web db old', 'what is not disturbed is checked')
  t.same(
    undisturbed(MODEL.services).map(({ name }) => name),
    ['db'],
  )
  t.same(undisturbed(MODEL.services, ['db']), [])
})

t.test('experiments leave out what they do not apply to', async (t) => {
  t.equal(targets('kill', {}), 'web', 'x-labbook')
  t.equal(targets('scale', { appliesTo: ({ name }, { services }) => name === services[3]?.name }), 'old')
  t.equal(targets('scale', { appliesTo: () => false }, ['db']), '')
})

t.test('a name that does not exist', async (t) => {
  t.equal(unknownName(['web'], ['web', 'db']), undefined)
  t.match(unknownName(['web', 'wep'], ['web', 'db']), { name: 'wep', meant: /did you mean "?web/ })
  t.same(unknownName(['something'], ['web']), { name: 'something', meant: undefined })
})
