import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { contextFiles, IMAGE_NAMES, recipeOf, ROOT, tagOf } from '../../../playbooks/images/table.ts'

const SOURCES = ['hub', 'debian'] as const

t.test('every image has both sources, and all that they need is in app/', async (t) => {
  const files = contextFiles(IMAGE_NAMES)
  for (const name of IMAGE_NAMES) {
    for (const source of SOURCES) {
      const { base, dockerfile } = recipeOf(name, source)
      if (source === 'hub')
        t.match(
          base,
          /^[a-z-]+@sha256:[0-9a-f]{64}$/,
          `${name}: pinned by digest, and by nothing that would be ignored beside it`,
        )
      if (dockerfile === undefined) continue
      const text = readFileSync(path.join(ROOT, 'app', dockerfile), 'utf8')
      t.match(text, /^ARG BASE(=\S+)?\nFROM \$\{BASE\}$/m, `${name} from ${source}: made upon what the table says`)
      t.ok(files.includes(`app/${dockerfile}`), `${dockerfile} goes to the builder`)
      for (const [, from = ''] of text.matchAll(/^COPY (\S+) \S+$/gm)) {
        t.ok(existsSync(path.join(ROOT, 'app', from)), `${dockerfile}: ${from} is there`)
        t.ok(
          files.some((file) => file === `app/${from}` || file.startsWith(`app/${from}`)),
          `${from} goes to the builder`,
        )
      }
    }
  }
})

t.test('a tag is another one for each image and source, and the same each time', async (t) => {
  const tags = IMAGE_NAMES.flatMap((name) => SOURCES.map((source) => tagOf(name, source)))
  t.equal(new Set(tags).size, tags.length)
  t.same(
    IMAGE_NAMES.flatMap((name) => SOURCES.map((source) => tagOf(name, source))),
    tags,
  )
  for (const tag of tags) t.match(tag, /^[0-9a-f]{12}$/)
})

t.test('a tag changes with what is copied into the image, and with nothing else', async (t) => {
  const project = t.testdir({
    app: {
      '.dockerignore': '',
      Dockerfile: 'x',
      'gunicorn.conf.py': '1',
      'requirements.txt': '',
      counter: { 'web.py': 'a' },
      voting: {},
      images: {
        'rootfs.sh': 'r',
        'counter.Dockerfile': 'COPY gunicorn.conf.py ./\nCOPY counter/ ./counter/\n',
        'redis.Dockerfile': 'COPY images/redis.conf /x\n',
        'redis.conf': 'c',
      },
    },
  })
  const both = (): string[] => [tagOf('counter', 'debian', project), tagOf('redis', 'debian', project)]
  const [counter, redis] = both()
  writeFileSync(path.join(project, 'app/counter/web.py'), 'b')
  const [counterNow, redisNow] = both()
  t.not(counterNow, counter)
  t.equal(redisNow, redis)
  writeFileSync(path.join(project, 'app/images/redis.conf'), 'd')
  t.not(both()[1], redis)
  t.equal(both()[0], counterNow)
  writeFileSync(path.join(project, 'app/images/rootfs.sh'), 'another')
  t.not(both()[0], counterNow, 'the root of packages counts for all')
})
