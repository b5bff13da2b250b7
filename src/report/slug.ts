/** Makes words fit for a file name and an anchor, each only once, also where case does not count. */
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
