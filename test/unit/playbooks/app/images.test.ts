import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { contextFiles, IMAGE_NAMES, recipeOf, ROOT, tagOf } from '../../../../playbooks/app/images/table.ts'

const SOURCES = ['hub', 'debian'] as const

t.test('every image has sources, and app/ contains their files', async (t) => {
  const files = contextFiles(IMAGE_NAMES)
  for (const name of IMAGE_NAMES) {
    for (const source of SOURCES) {
      const { base, dockerfile } = recipeOf(name, source)
      if (source === 'hub') t.match(base, /^[a-z-]+@sha256:[0-9a-f]{64}$/, `${name}: pinned by digest only`)
      if (dockerfile === undefined) continue
      const text = readFileSync(path.join(ROOT, 'app', dockerfile), 'utf8')
      t.match(text, /^ARG BASE(=\S+)?\nFROM \$\{BASE\}$/m, `${name} from ${source}: base image is an argument`)
      t.ok(files.includes(`app/${dockerfile}`), `${dockerfile} is in the build context`)
      for (const [, from = ''] of text.matchAll(/^COPY (\S+) \S+$/gm)) {
        t.ok(existsSync(path.join(ROOT, 'app', from)), `${dockerfile}: ${from} exists`)
        t.ok(
          files.some((file) => file === `app/${from}` || file.startsWith(`app/${from}`)),
          `${from} is in the build context`,
        )
      }
    }
  }
})

t.test('tag is unique per image and source, and deterministic', async (t) => {
  const tags = IMAGE_NAMES.flatMap((name) => SOURCES.map((source) => tagOf(name, source)))
  t.equal(new Set(tags).size, tags.length)
  t.same(
    IMAGE_NAMES.flatMap((name) => SOURCES.map((source) => tagOf(name, source))),
    tags,
  )
  for (const tag of tags) t.match(tag, /^[0-9a-f]{12}$/, `tag ${tag}`)
})

t.test('tag changes only with files copied into the image', async (t) => {
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
  const currentTags = (): string[] => [tagOf('counter', 'debian', project), tagOf('redis', 'debian', project)]
  const [counter, redis] = currentTags()
  writeFileSync(path.join(project, 'app/counter/web.py'), 'b')
  const [newCounter, newRedis] = currentTags()
  t.not(newCounter, counter)
  t.equal(newRedis, redis)
  writeFileSync(path.join(project, 'app/images/redis.conf'), 'd')
  t.not(currentTags()[1], redis)
  t.equal(currentTags()[0], newCounter)
  writeFileSync(path.join(project, 'app/images/rootfs.sh'), 'another')
  t.not(currentTags()[0], newCounter, 'rootfs.sh affects all images')
})
