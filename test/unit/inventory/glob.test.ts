import fc from 'fast-check'
import t from 'tap'
import { globToRegExp } from '../../../src/inventory/glob.ts'

t.test('glob matches the same names as fnmatch', async (t) => {
  const cases: [string, string[], string[]][] = [
    ['web*', ['web', 'web1', 'web.lan'], ['aweb', 'we']],
    ['web?', ['web1', 'webx'], ['web', 'web12']],
    ['*.lan', ['a.lan'], ['alan', 'a-lan', 'a.lane']],
    ['n[135]', ['n1', 'n5'], ['n2', 'n', 'n[135]']],
    ['n[1-3]', ['n1', 'n2', 'n3'], ['n4', 'n-']],
    ['n[!1-3]', ['n4', 'n!'], ['n1', 'n3']],
    ['n[]a]', ['n]', 'na'], ['n[']],
    ['n[1', ['n[1'], ['n1']],
    ['n[]', ['n[]'], ['n', 'n1']],
    ['n[!]', ['n[!]'], ['n!', 'n1']],
    ['n[!]a]', ['n1'], ['n]', 'na']],
    ['n[^-]', ['n^', 'n-'], ['n1']],
    ['Configure [web-app]', ['Configure w', 'Configure e', 'Configure p'], ['Configure b', 'Configure c']],
    ['n[c-a]', [], ['na', 'nb', 'nc', 'n-', 'n']],
    ['n[!c-a]', ['na', 'n-'], ['n']],
  ]
  for (const [glob, yes, no] of cases) {
    for (const name of yes) t.match(name, globToRegExp(glob), `${glob} matches ${name}`)
    for (const name of no) t.notMatch(name, globToRegExp(glob), `${glob} does not match ${name}`)
  }
})

t.test('sets and ranges are those of fnmatch', async (t) => {
  // What Python 3.11 matches of these names.
  const names = [
    ...'abcz-]![^\\x'.split(''),
    'Configure w',
    'Configure p',
    'ax',
    '[]',
    '[!]',
    '[a',
    '[!a',
    '[]a',
    'x[]',
    'a]',
  ]
  const cases: [string, string[]][] = [
    ['Configure [web-app]', ['Configure w', 'Configure p']],
    ['[z-a]x', []],
    ['[!z-a]', 'abcz-]![^\\x'.split('')],
    ['[z-ab]', ['b']],
    ['[c-ac]', ['c']],
    ['[]', ['[]']],
    ['[!]', ['[!]']],
    ['[]]', [']']],
    ['[!]]', 'abcz-![^\\x'.split('')],
    ['[]-a]', ['a', ']', '^']],
    ['[a-]', ['a', '-']],
    ['[-a]', ['a', '-']],
    ['[a-c-e]', ['a', 'b', 'c', '-']],
    ['[a-b--z]', 'abcz-][^\\x'.split('')],
    ['[^a]', ['a', '^']],
    ['[[]', ['[']],
    ['[\\]', ['\\']],
    ['[!a', ['[!a']],
    ['[]a', ['[]a']],
    ['x[]', ['x[]']],
    ['[a]]', ['a]']],
  ]
  for (const [glob, expected] of cases)
    t.strictSame(
      names.filter((name) => globToRegExp(glob).test(name)),
      expected,
      glob,
    )
})

t.test('glob without special characters matches only itself', async () => {
  const plain = fc.string().filter((text) => !/[*?[]/.test(text))
  fc.assert(
    fc.property(
      plain,
      plain,
      (glob, other) => globToRegExp(glob).test(glob) && (other === glob || !globToRegExp(glob).test(other)),
    ),
  )
})
