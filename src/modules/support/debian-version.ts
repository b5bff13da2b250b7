/** Compares versions as dpkg does (deb-version(7)): below 0 if the first is older. */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [parse(a), parse(b)]
  return (
    first.epoch - second.epoch ||
    compareText(first.upstream, second.upstream) ||
    compareText(first.revision, second.revision)
  )
}

function parse(version: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?([^]*)$/.exec(version) ?? []
  const at = rest.lastIndexOf('-')
  return {
    epoch: Number(epoch),
    upstream: at === -1 ? rest : rest.slice(0, at),
    revision: at === -1 ? '' : rest.slice(at + 1),
  }
}

/** A tilde is before the end of the text, that before letters, and those before all else. */
const rank = (character: string | undefined): number =>
  character === undefined || /\d/.test(character)
    ? 0
    : character === '~'
      ? -1
      : /[A-Za-z]/.test(character)
        ? character.charCodeAt(0)
        : character.charCodeAt(0) + 256

/** Compares text and numbers in turns. */
function compareText(a: string, b: string): number {
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/\d/.test(a[i] as string)) || (j < b.length && !/\d/.test(b[j] as string))) {
      const difference = rank(a[i]) - rank(b[j])
      if (difference !== 0) return difference
      i++
      j++
    }
    const [first, second] = [a, b].map((text, place) => /^\d*/.exec(text.slice(place === 0 ? i : j))?.[0] ?? '') as [
      string,
      string,
    ]
    const [x, y] = [first, second].map((digits) => digits.replace(/^0+/, '')) as [string, string]
    if (x.length !== y.length) return x.length - y.length
    if (x !== y) return x < y ? -1 : 1
    i += first.length
    j += second.length
  }
  return 0
}
