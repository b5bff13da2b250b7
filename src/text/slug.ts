/*
 * Not by a library: the results are ids of exhibits and names of files in the directories of runs, and links and
 * comparisons of stored runs use them. `@sindresorhus/slugify` gives 3 of the 200 titles here another slug and takes
 * 75 ms to load; `github-slugger` removes the dots of `app.replicas`.
 */

/** Lower-case words with hyphens between them: `nodes-of-the-swarm`. */
export const kebabCase = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

/** A name that is valid in paths and anchors everywhere; it may be empty. Case, dots and underscores stay. */
export const fileName = (text: string, maxLength = 100): string =>
  text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, maxLength)

/**
 * Makes names unique, on case-insensitive file systems too: `nodes`, `nodes-2`.
 *
 * @param numbered - adds the number to a repeated name.
 */
export function uniqueNames(numbered = (name: string, n: number): string => `${name}-${n}`): (name: string) => string {
  const used = new Set<string>()
  return (name) => {
    let unique = name
    for (let n = 2; used.has(unique.toLowerCase()); n++) unique = numbered(name, n)
    used.add(unique.toLowerCase())
    return unique
  }
}

/** Turns ids into unique slugs for file names and anchors. */
export function slugger(): (id: string) => string {
  const unique = uniqueNames()
  return (id) => unique(fileName(id) || 'unnamed')
}

/** Turns titles into unique ids that are valid file names. */
export function exhibitIds(): (title: string) => string {
  const unique = uniqueNames()
  return (title) => unique(kebabCase(title) || 'exhibit')
}
