import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import t from 'tap'
import { InputReader } from '../../../src/execution/inputs.ts'

const tree = (root: string, src: string, followLinks = true) =>
  new InputReader(root).read({ src: { tree: src, followLinks } })

t.test('a directory is read with its files, modes and links', async (t) => {
  const root = t.testdir({ d: { b: '2', a: { c: '3' } }, outside: { x: '4' } })
  symlinkSync('../outside', path.join(root, 'd/dir'))
  symlinkSync('..', path.join(root, 'd/a/up'))
  symlinkSync('nowhere', path.join(root, 'd/z'))
  const read = await tree(root, 'd/')
  t.same(Object.keys(read), ['src:entries', 'src/a/c', 'src/b', 'src/dir/x'])
  t.equal(read['src/dir/x']?.toString(), '4')
  const entries = (inputs: typeof read) =>
    (JSON.parse(String(inputs['src:entries'])) as { path: string; kind: string; target?: string }[]).map(
      ({ path: name, kind, target = '' }) => `${kind} ${name} ${target}`.trim(),
    )
  t.same(entries(read), [
    'directory',
    'directory a',
    'file a/c',
    'link a/up ..',
    'file b',
    'directory dir',
    'file dir/x',
    'link z nowhere',
  ])
  t.same(entries(await tree(root, 'd', false)), [
    'directory',
    'directory a',
    'file a/c',
    'link a/up ..',
    'file b',
    'link dir ../outside',
    'link z nowhere',
  ])
  const file = await tree(root, 'd/b')
  t.same([Object.keys(file), String(file['src'])], [['src:entries', 'src'], '2'])
})

t.test('what cannot be read is named', async (t) => {
  const root = t.testdir({ d: {}, many: {} })
  symlinkSync('d', path.join(root, 'l'))
  await t.rejects(tree(root, 'l', false), /cannot read ".*\/l": it is a link to a directory/)
  await t.rejects(tree(root, 'none'), /no file "none" on the controller/)
  execFileSync('mkfifo', [path.join(root, 'd/pipe')])
  await t.rejects(tree(root, 'd'), /"\S+\/d\/pipe" is a device, socket or pipe/)
  mkdirSync(path.join(root, 'vault'))
  writeFileSync(path.join(root, 'vault/x'), '$ANSIBLE_VAULT;1.1;AES256\n')
  await t.rejects(tree(root, 'vault'), /vault\/x" is encrypted with Ansible Vault/)
  for (let i = 0; i < 2001; i++) writeFileSync(path.join(root, `many/${i}`), '')
  await t.rejects(tree(root, 'many'), /it has more than 2000 entries/)
})
