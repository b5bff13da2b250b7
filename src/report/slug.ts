/** Turns ids into unique slugs for file names and anchors, unique on case-insensitive file systems too. */
export function slugger(): (id: string) => string {
  const used = new Set<string>()
  return (id) => {
    const base =
      id
        .replace(/[^A-Za-z0-9._-]+/g, '-')
        .replace(/^[.-]+/, '')
        .slice(0, 100) || 'unnamed'
    let slug = base
    for (let n = 2; used.has(slug.toLowerCase()); n++) slug = `${base}-${n}`
    used.add(slug.toLowerCase())
    return slug
  }
}
