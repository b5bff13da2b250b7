import fc from 'fast-check'
import t from 'tap'
import { registry_gc } from '../../../../src/modules/docker/registry_gc.ts'

const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, '0')}`

function plan(tags: readonly (readonly [string, string])[], keep: readonly string[], blobs = 0) {
  const { definition } = registry_gc
  const params = definition.schema.parse({
    registry: 'r:5000',
    container: 'registry',
    config: '/etc/registry/config.yml',
    storage: '/srv',
    keep,
  })
  const stdout = [...tags.map(([name, is]) => `tag ${name} ${is}`), 'bytes 4096', `blobs ${blobs}`, ''].join('\n')
  return definition.plan(params, { stdout, stderr: '', exitCode: 0 }, {}, {})
}

t.test('images kept neither by tag nor by digest are deleted, then garbage is collected', async (t) => {
  const tags = [
    ['app:1', digest(1)],
    ['app:2', digest(2)],
    ['redis:1', digest(3)],
  ] as const
  const { changes, values } = plan(tags, ['app:2', digest(3)])
  t.match(
    changes.map(({ description }) => description),
    [/^delete app:1 \(sha256:0+\.\.\.\)$/, /^collect garbage/],
  )
  t.match(changes[0]?.script, `https://r:5000/v2/app/manifests/${digest(1)}`)
  t.same(values, { kept: [`app:2 ${digest(2)}`, `redis:1 ${digest(3)}`], bytes: 4096 })
})

t.test('a manifest with several tags is kept as long as one of them is', async (t) => {
  const tags = [
    ['app:1', digest(1)],
    ['app:stable', digest(1)],
  ] as const
  t.same(plan(tags, ['app:stable']).changes, [])
  t.match(
    plan(tags, []).changes.map(({ description }) => description),
    [/^delete app:1, app:stable /, /^collect garbage/],
  )
})

t.test('garbage is collected only after deletions or if blobs are unreferenced', async (t) => {
  t.same(plan([['app:1', digest(1)]], ['app:1']).changes, [])
  t.match(
    plan([['app:1', digest(1)]], ['app:1'], 3).changes.map(({ description }) => description),
    [/3 blobs are already unreferenced/],
  )
})

t.test('kept images are never deleted', async () => {
  const name = fc.constantFrom('a:1', 'a:2', 'b/c:1', 'b/c:x', 'd:1')
  const some = fc.integer({ min: 1, max: 4 }).map(digest)
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, some), { selector: ([name]) => name }),
      fc.array(fc.oneof(name, some)),
      (tags, keep) => {
        const scripts = plan(tags, keep)
          .changes.map(({ script }) => script)
          .join('\n')
        for (const [tag, is] of tags) {
          const needed =
            keep.includes(is) ||
            tags.some(([other, its]) => its === is && other.split(':')[0] === tag.split(':')[0] && keep.includes(other))
          const deleted = scripts.includes(`/v2/${tag.split(':')[0]}/manifests/${is}`)
          if (deleted === needed) return false
        }
        return true
      },
    ),
  )
})
