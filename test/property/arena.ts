import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'

/*
 * A directory on the node with a small pool of names, so that tasks of a list often share paths, and start states of
 * it: files, directories and links with any owner, mode and content, also in place of each other.
 */

export const ARENA = '/srv/arena'
/** Where tasks mount file systems. */
export const MOUNT_POINT = `${ARENA}/m`
/** Shell code that empties the arena. File systems that tasks of an earlier property mounted are unmounted. */
export const EMPTY_ARENA = `{ while umount -q ${MOUNT_POINT}; do :; done; rm -rf ${ARENA} && mkdir -m 0755 ${ARENA}; }`
const at = (name: string): string => `${ARENA}/${name}`

const FOLDERS = [at('one'), at('two'), at('one/in')]
/** Names with blanks, quotes, a newline, a leading hyphen, letters beyond ASCII. */
const FILES = [at('plain'), at('one/file'), at(`it's "a" name`), at('two/-n\nnewline'), at('héllo $HOME')]
const LINKS = [at('link'), at('two/link')]

const usualFile = fc.constantFrom(at('plain'), at('one/file'))
export const folder = fc.oneof(fc.constant(at('one')), fc.constantFrom(...FOLDERS))
export const plainFile = fc.oneof(usualFile, fc.constantFrom(...FILES))
export const link = fc.oneof(fc.constant(at('link')), fc.constantFrom(...LINKS))
/** Any name of the pool: tasks may find another kind than they request. */
export const anyPath = fc.oneof(
  { weight: 3, arbitrary: plainFile },
  { weight: 2, arbitrary: folder },
  { weight: 1, arbitrary: link },
)

const TEXTS = [
  '',
  '\n',
  'a\n',
  'a',
  'b\nc',
  'a\nb\na\n',
  'a\r\nb\r\n',
  'key=1\nkey = 2\n# key=3\n',
  'it\'s "b" $a `c` \\1 %s\n',
  'caf\u00e9 \ufffd\n',
  'a\n\n\n',
  'content\nlink\nthere\nsha256 0\n',
]
const BYTES = [
  ...TEXTS.map((text) => Buffer.from(text)),
  Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x80]),
  Buffer.from('caf\xe9\nkey=1\n', 'latin1'),
  Buffer.from('a\0b\n'),
  Buffer.from(`key=${'x'.repeat(100_000)}\na\n`),
  Buffer.alloc(300_000, 'long line '),
]
/** Any JavaScript string, with NUL, CRLF and without a final newline. */
export const text = fc.oneof(
  fc.constantFrom(...TEXTS, 'a\0b\n'),
  fc
    .array(fc.constantFrom('a', 'b', 'key=1', 'key=2', '', ' ', '\r'), { maxLength: 4 })
    .map((lines) => lines.join('\n')),
)
/** Bytes of any kind; shrinks to the plainer ones. */
export const bytes = fc.oneof(
  fc.constantFrom(...BYTES),
  text.map((some) => Buffer.from(some)),
)

export const MODES = ['0644', '0600', '0755', '0640', '0000', '4755', '2775', '1777', '0400', '0222']
export const mode = fc.constantFrom(...MODES)
/** Accounts of the node, and an unused id. */
export const owner = fc.constantFrom('root', 'ops', 'games', '4242')

interface Thing {
  readonly kind: 'file' | 'folder' | 'link' | 'pipe'
  readonly content: Buffer
  readonly mode: string
  readonly owner: string
  readonly group: string
  readonly target: string
  /** A file that named users may read too; a directory that gives its new files such an ACL. */
  readonly acl: boolean
}

/** An empty file and an empty directory of the node with such an ACL. */
export const WITH_ACL = { file: '/var/tmp/arena-file', folder: '/var/tmp/arena-folder' } as const

/** The second one time in eight. */
const often = <T>(usual: T, rare: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(rare) })

const target = fc.constantFrom('plain', at('plain'), at('one'), '../plain', 'nowhere', at('one/file'), at('link'))

const thing = (...kinds: Thing['kind'][]): fc.Arbitrary<Thing> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    content: bytes,
    mode,
    owner,
    group: owner,
    target,
    acl: often(false, true),
  })

/** Start state of the arena: for each name something or nothing. */
export interface World {
  readonly script: string
  /** With links, two names may be the same file. */
  readonly links: boolean
}

const EXPECTED: readonly (readonly [names: readonly string[], kind: Thing['kind']])[] = [
  [FOLDERS, 'folder'],
  [FILES, 'file'],
  [LINKS, 'link'],
]

/**
 * Mostly the kind that the name suggests, sometimes another.
 * @param odd - the other kinds: no pipe in lists with commands, which would wait for its other end for ever
 */
export const worldOf = (odd: readonly Thing['kind'][]): fc.Arbitrary<World> =>
  fc
    .tuple(
      ...EXPECTED.flatMap(([names, kind]) =>
        names.map((name) =>
          fc
            .option(fc.oneof({ weight: 8, arbitrary: thing(kind) }, { weight: 1, arbitrary: thing(...odd) }), {
              freq: kind === 'folder' ? 8 : 3,
            })
            .map((there) => [name, there] as const),
        ),
      ),
    )
    .map((things) => {
      // Directories first, then their contents.
      const steps = things.flatMap(([name, there]) => (there === null ? [] : [make(name, there)]))
      return { script: [RESET, ...steps].join('\n'), links: things.some(([, there]) => there?.kind === 'link') }
    })

const RESET = sh`rm -rf -- ${ARENA} && mkdir -m 0755 -- ${ARENA} || exit`

/** Nothing if the parent is not a directory. */
function make(name: string, { kind, content, mode, owner, group, target, acl }: Thing): string {
  const of = {
    file: `${acl ? `${sh`cp -a -- ${WITH_ACL.file} ${name}`} && ` : ''}${sh`printf %s ${content.toString('base64')} | base64 -d >${name}`}`,
    folder: acl ? sh`cp -a -- ${WITH_ACL.folder} ${name}` : sh`mkdir -- ${name}`,
    link: sh`ln -s -- ${target} ${name}`,
    pipe: sh`mkfifo -- ${name}`,
  }[kind]
  const own =
    kind === 'link'
      ? sh`chown -h -- ${`${owner}:${group}`} ${name}`
      : sh`chown -- ${`${owner}:${group}`} ${name} && chmod ${mode} -- ${name}`
  const parent = name.slice(0, name.lastIndexOf('/'))
  // Not through an existing link: the name itself is created.
  return sh`if [ -d ${parent} ] && ! [ -e ${name} ] && ! [ -L ${name} ]; then ` + `{ ${of}; } && ${own} || exit; fi`
}

/** Names of backups contain process and time, which are removed. */
const STAMP = String.raw`sed 's/[.][0-9]*[.][0-9-]*@[0-9:]*~/.BACKUP~/'`

/** Prints the contents of the arena. */
export const LOOK = `cd ${ARENA} && { find . -printf '%p|%y|%m|%U:%G|%l\\n'; find . -type f -exec sha256sum '{}' +; } | ${STAMP} | sort`
/** With times, to detect a file that was rewritten with the same content. */
export const LOOK_CLOSELY = `cd ${ARENA} && { find . -printf '%p|%y|%i|%m|%U:%G|%l|%T@|%C@\\n'; find . -type f -exec sha256sum '{}' +; } | sort`
