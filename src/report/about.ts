/** Who hands in the report, where the run was told. */
export interface About {
  readonly author?: string
  readonly title?: string
  readonly course?: string
}

const VARIABLES: Readonly<Record<string, keyof About>> = { report_author: 'author', report_title: 'title', report_course: 'course' }
/** `name=value`, the value in quotes or not. */
const PAIR = /(\w+)=(?:"([^"]*)"|'([^']*)'|(\S*))/g

/**
 * Reads `report_author`, `report_title` and `report_course` from the extra variables of a command line. Who is not named
 * is not guessed.
 */
export function aboutOf(argv: readonly string[]): About {
  const about: { -readonly [Key in keyof About]: About[Key] } = {}
  for (const [name, value] of argv.flatMap((word, i) => pairs(extraVars(word, argv[i + 1]) ?? ''))) {
    const key = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined
    if (key !== undefined && value.trim() !== '') about[key] = value.trim()
  }
  return about
}

/** The value of `-e`, where the word is that option. */
function extraVars(word: string, next: string | undefined): string | undefined {
  if (word === '-e' || word === '--extra-vars') return next
  if (word.startsWith('--extra-vars=')) return word.slice('--extra-vars='.length)
  return word.startsWith('-e') ? word.slice(2) : undefined
}

function pairs(text: string): [name: string, value: string][] {
  if (!/^\s*\{/.test(text)) {
    return [...text.matchAll(PAIR)].map(([, name = '', double, single, bare]) => [name, double ?? single ?? bare ?? ''])
  }
  try {
    return Object.entries(JSON.parse(text) as Record<string, unknown>)
      .flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as [string, string]] : []))
  } catch {
    // YAML's looser braces: who writes those sees no author, which is no harm.
    return []
  }
}
